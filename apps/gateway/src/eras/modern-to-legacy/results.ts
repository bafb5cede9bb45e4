import { META_KEYS, memberText, withMembers } from '@mcp-runtime/mcp';

/** An answer for a caller of MCP 2026-07-28. */
export interface ModernReply {
  readonly status: number;
  readonly body: string;
}

/** Results that say for how long and by whom they may be kept (MCP 2026-07-28, "Caching"). */
const CACHEABLE: ReadonlySet<string> = new Set([
  'server/discover',
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'resources/read',
]);

/** A result with what MCP 2026-07-28 adds. Nothing is known of how long it holds or for whom else: not at all, and nobody. */
export function completeResult(method: string, result: string, serverInfo: string | undefined): string {
  const meta = memberText(result, '_meta') ?? '{}';
  const isNamed = memberText(meta, META_KEYS.serverInfo) !== undefined;
  return withMembers(result, {
    resultType: '"complete"',
    ...(CACHEABLE.has(method) ? { ttlMs: '0', cacheScope: '"private"' } : {}),
    ...(serverInfo === undefined || isNamed
      ? {}
      : { _meta: withMembers(meta, { [META_KEYS.serverInfo]: serverInfo }) }),
  });
}

export function resultReply(id: string | number, result: string): ModernReply {
  return { status: 200, body: `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}` };
}

const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;
const INTERNAL = -32603;
const RESOURCE_NOT_FOUND = -32002;
/** Codes that mean something else to a caller of MCP 2026-07-28 than to a server that does not know them. */
const MODERN_ONLY: ReadonlySet<number> = new Set([-32020, -32021, -32022]);

/**
 * An error of a legacy server in the words of MCP 2026-07-28 ("Error codes"). `uri` is what was read, if something was.
 */
export function errorReply(id: string | number, error: string, uri: string | undefined): ModernReply {
  const code = codeOf(error);
  const answer = (status: number, changes: Readonly<Record<string, string>>): ModernReply => ({
    status,
    body: `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":${withMembers(error, changes)}}`,
  });
  if (code === METHOD_NOT_FOUND) return answer(404, {});
  if (MODERN_ONLY.has(code)) return answer(200, { code: String(INTERNAL) });
  if (code !== RESOURCE_NOT_FOUND) return answer(200, {});
  const given = memberText(error, 'data');
  const data = given?.startsWith('{') === true ? given : '{}';
  const named = uri === undefined || memberText(data, 'uri') !== undefined ? {} : { uri: JSON.stringify(uri) };
  return answer(200, { code: String(INVALID_PARAMS), data: withMembers(data, named) });
}

export function codeOf(error: string): number {
  const code: unknown = JSON.parse(memberText(error, 'code') ?? 'null');
  return typeof code === 'number' ? code : INTERNAL;
}

/** A refusal of the bridge itself: in band, like every answer of a server's handler. */
export function refusal(id: string | number, code: number, message: string, data: object, status = 200): ModernReply {
  return { status, body: JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data } }) };
}
