import { HEADERS } from '@mcp-runtime/api';
import { z } from 'zod';

const PROTOCOL = '2025-11-25';
const MODERN_PROTOCOL = '2026-07-28';

const Message = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number(), z.null()]).optional(),
  result: z.unknown().optional(),
  error: z
    .object({ code: z.number(), message: z.string(), data: z.object({ reason: z.string().optional() }).optional() })
    .optional(),
});

/** What came of one HTTP request to the gateway. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Correlation id under which the audit log has the request. */
  readonly requestId: string;
  /** `allowed`, or the reason of the refusal. */
  readonly verdict: string;
  readonly text: string;
}

interface Posting {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | object;
}

/** Sends one body as it is, or an object as JSON. */
export async function post({ url, headers = {}, body }: Posting): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      [HEADERS.mcpProtocolVersion]: PROTOCOL,
      ...headers,
    },
    body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
  });
  return toAnswer(response, await response.text());
}

export function bearer(token: string): Readonly<Record<string, string>> {
  return { [HEADERS.authorization]: `Bearer ${token}` };
}

function toAnswer({ status, headers }: Response, text: string): Answer {
  const message = messageOf(text);
  const verdict = message?.error?.data?.reason ?? (status < 300 ? 'allowed' : 'failed');
  return { status, headers, requestId: headers.get(HEADERS.requestId) ?? '', verdict, text };
}

/** The answer in a JSON body, or the last message of an event stream. */
function messageOf(text: string): z.infer<typeof Message> | undefined {
  const lines = text.split('\n').filter((line) => line.startsWith('data:') && line.trim() !== 'data:');
  const json = lines.at(-1)?.slice('data:'.length) ?? text;
  try {
    return Message.parse(JSON.parse(json));
  } catch {
    return undefined;
  }
}

/** An agent in an MCP session, as thin as can be: for tests that count single requests. */
export interface Agent {
  call(tool: string, args?: object): Promise<Answer>;
  request(method: string, params?: object): Promise<Answer>;
  /** The same session, at another place. */
  at(url: string): Agent;
}

export async function openAgent(url: string, credentials: Readonly<Record<string, string>>): Promise<Agent> {
  const params = { protocolVersion: PROTOCOL, capabilities: {}, clientInfo: { name: 'e2e', version: '1' } };
  const opened = await post({
    url,
    headers: credentials,
    body: { jsonrpc: '2.0', id: 0, method: 'initialize', params },
  });
  if (opened.verdict !== 'allowed') throw new Error(`no session: ${opened.status} ${opened.text}`);
  const session = opened.headers.get(HEADERS.mcpSessionId);
  const headers = { ...credentials, ...(session === null ? {} : { [HEADERS.mcpSessionId]: session }) };
  await post({ url, headers, body: { jsonrpc: '2.0', method: 'notifications/initialized' } });
  let last = 0;
  const agentAt = (place: string): Agent => {
    const request: Agent['request'] = (method, params = {}) =>
      post({ url: place, headers, body: { jsonrpc: '2.0', id: (last += 1), method, params } });
    const call: Agent['call'] = (tool, args = {}) => request('tools/call', { name: tool, arguments: args });
    return { request, call, at: agentAt };
  };
  return agentAt(url);
}

/** An agent of MCP 2026-07-28, which has no sessions: each request says by itself what it is for. */
export async function openModernAgent(url: string, credentials: Readonly<Record<string, string>>): Promise<Agent> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN_PROTOCOL,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'e2e', version: '1' },
  };
  let last = 0;
  const agentAt = (place: string): Agent => {
    const send = (method: string, params: object, more: Readonly<Record<string, string>> = {}): Promise<Answer> =>
      post({
        url: place,
        headers: {
          ...credentials,
          [HEADERS.mcpProtocolVersion]: MODERN_PROTOCOL,
          [HEADERS.mcpMethod]: method,
          ...more,
        },
        body: { jsonrpc: '2.0', id: (last += 1), method, params: { ...params, _meta: meta } },
      });
    return {
      request: (method, params = {}) => send(method, params),
      call: (tool, args = {}) => send('tools/call', { name: tool, arguments: args }, { [HEADERS.mcpName]: tool }),
      at: agentAt,
    };
  };
  const agent = agentAt(url);
  const discovered = await agent.request('server/discover');
  if (discovered.verdict !== 'allowed') throw new Error(`not discovered: ${discovered.status} ${discovered.text}`);
  return agent;
}
