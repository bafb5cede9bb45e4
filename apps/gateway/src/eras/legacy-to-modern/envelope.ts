import { MCP_MODERN_VERSIONS } from '@mcp-runtime/api';
import { META_KEYS, memberText, withMembers } from '@mcp-runtime/mcp';
import { type BridgedSession } from './session.ts';

export const MODERN_VERSION = MCP_MODERN_VERSIONS[0];

/** What every request to a server of MCP 2026-07-28 says about its client. */
export interface Envelope extends Pick<BridgedSession, 'capabilities' | 'clientInfo'> {
  /** Without one the server sends no log messages. */
  readonly logLevel: string | undefined;
}

/** A legacy request as one of MCP 2026-07-28: with the envelope in `_meta`, and every other byte as it was. */
export function toModern(request: string, envelope: Envelope): string {
  const params = memberText(request, 'params') ?? '{}';
  const meta = withMembers(memberText(params, '_meta') ?? '{}', {
    [META_KEYS.protocolVersion]: JSON.stringify(MODERN_VERSION),
    [META_KEYS.clientCapabilities]: JSON.stringify(envelope.capabilities),
    [META_KEYS.clientInfo]: envelope.clientInfo === undefined ? undefined : JSON.stringify(envelope.clientInfo),
    [META_KEYS.logLevel]: envelope.logLevel === undefined ? undefined : JSON.stringify(envelope.logLevel),
  });
  // A legacy client knows of no retries: members that would make one of its request are not its own.
  const enveloped = withMembers(params, { _meta: meta, inputResponses: undefined, requestState: undefined });
  return withMembers(request, { params: enveloped });
}

/** A request of the gateway's own on behalf of a client. */
export function requestOf(id: string, method: string, params: object, envelope: Envelope): string {
  return toModern(JSON.stringify({ jsonrpc: '2.0', id, method, params }), envelope);
}

export interface Answers {
  /** JSON texts, by the keys of the questions. */
  readonly responses: ReadonlyMap<string, string>;
  /** The JSON text that the server gave for it, byte for byte; undefined when it gave none. */
  readonly requestState: string | undefined;
}

/** The same request again with what the server asked for, under a new id (MCP 2026-07-28, "Multi round-trip requests"). */
export function retryOf(modern: string, id: string, { responses, requestState }: Answers): string {
  const inputResponses = withMembers('{}', Object.fromEntries(responses));
  const params = withMembers(memberText(modern, 'params') ?? '{}', {
    inputResponses: responses.size === 0 ? undefined : inputResponses,
    requestState,
  });
  return withMembers(modern, { id: JSON.stringify(id), params });
}
