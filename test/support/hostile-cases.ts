import { HEADERS } from '@mcp-runtime/api';

/** A call that the tests’ agent may make. */
export const CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_graph","arguments":{}}}';
const MODERN = { [HEADERS.mcpProtocolVersion]: '2026-07-28', [HEADERS.mcpMethod]: 'tools/call' };

export interface HostileCase {
  readonly id: string;
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly reason: string;
}

/** Each is sent with a valid token of an agent that may make the call. */
export const HOSTILE_CASES: readonly HostileCase[] = [
  ...[
    ['a member twice', CALL.replace('"id":1', '"id":1,"id":2')],
    ['the method twice', CALL.replace('"id":1', '"id":1,"method":"tools/list"')],
    ['the tool twice', CALL.replace('"arguments"', '"name":"delete_entities","arguments"')],
    [
      'the tool twice, once escaped',
      CALL.replace('"arguments"', String.raw`"n\u0061me":"delete_entities","arguments"`),
    ],
    ['a method in another case', CALL.replace('"id":1', '"id":1,"Method":"tools/list"')],
    ['a tool in another case', CALL.replace('"arguments"', '"Name":"delete_entities","arguments"')],
    ['a batch', `[${CALL}]`],
    ['an empty batch', '[]'],
    ['an empty body', ''],
    ['half a message', CALL.slice(0, 40)],
    ['two messages', `${CALL}${CALL}`],
    ['a bare number', '1'],
    ['another version of JSON-RPC', CALL.replace('"2.0"', '"1.0"')],
    ['a tool name that is a list', CALL.replace('"read_graph"', '["read_graph"]')],
    ['an id that is an object', CALL.replace('"id":1', '"id":{}')],
    ['deep nesting', CALL.replace('{}', '['.repeat(50_000) + ']'.repeat(50_000))],
    ['half a surrogate pair in a name', CALL.replace('"arguments"', String.raw`"\ud800":1,"arguments"`)],
    ['a byte order mark', `\uFEFF${CALL}`],
  ].map(([id = '', body = '']) => ({ id, body, status: 400, reason: 'rpc_inspection_failed' })),
  { id: 'a byte that is no UTF-8', body: broken(), status: 400, reason: 'rpc_inspection_failed' },
  {
    id: 'a compressed body',
    body: CALL,
    headers: { 'content-encoding': 'gzip' },
    status: 415,
    reason: 'unsupported_media_type',
  },
  {
    id: 'another type of body',
    body: CALL,
    headers: { 'content-type': 'text/plain' },
    status: 415,
    reason: 'unsupported_media_type',
  },
  {
    id: 'a charset that is not UTF-8',
    body: CALL,
    headers: { 'content-type': 'application/json; charset=utf-16' },
    status: 415,
    reason: 'unsupported_media_type',
  },
  {
    id: 'an unknown method',
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/destroy"}',
    status: 200,
    reason: 'unknown_method',
  },
  {
    id: 'a method in another case than the known one',
    body: CALL.replace('tools/call', 'Tools/Call'),
    status: 200,
    reason: 'unknown_method',
  },
  {
    id: 'an MCP session of nobody',
    body: CALL,
    headers: { [HEADERS.mcpSessionId]: 'guessed' },
    status: 404,
    reason: 'not_found',
  },
  ...[
    { id: 'a header that names another method', headers: { ...MODERN, [HEADERS.mcpMethod]: 'tools/list' } },
    { id: 'a header that names another tool', headers: { ...MODERN, [HEADERS.mcpName]: 'delete_entities' } },
    { id: 'a header that names no tool', headers: MODERN },
  ].map((one) => ({ ...one, body: modern(), status: 400, reason: 'header_mismatch' })),
];

function broken(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Buffer.from(CALL));
  bytes[CALL.indexOf('read_graph')] = 0xff;
  return bytes;
}

function modern(): string {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return JSON.stringify({ ...JSON.parse(CALL), params: { name: 'read_graph', arguments: {}, _meta: meta } });
}
