import { HEADERS, MCP_MODERN_VERSIONS } from '@mcp-runtime/api';
import { type Message, isMembers } from './message.ts';
import { META_KEYS } from './meta-keys.ts';
import { decodeMirrored, mirroredName } from './mirrored.ts';

export type Era = { readonly kind: 'legacy' } | { readonly kind: 'modern'; readonly version: string };

export interface EraFault {
  readonly kind: 'refused';
  readonly status: 400 | 404;
  /** JSON-RPC code of the MCP specification (2026-07-28, "Error codes"). */
  readonly code: -32020 | -32601 | -32602 | -32022;
  readonly message: string;
  readonly data?: { readonly supported: readonly string[]; readonly requested: string };
}

/** A header's value: undefined when absent, joined with `, ` when repeated. Names in lower case. */
export type HeaderLookup = (name: string) => string | undefined;

const { protocolVersion: VERSION_KEY, clientCapabilities: CAPABILITIES_KEY } = META_KEYS;
const MODERN: readonly string[] = MCP_MODERN_VERSIONS;

/**
 * By which era's rules a POST is judged: the body decides, the headers must agree (MCP 2026-07-28, "Streamable HTTP").
 * A message that one reader would take for one era and another for the other is refused.
 */
export function eraOf(message: Message, header: HeaderLookup): Era | EraFault {
  const headerVersion = header(HEADERS.mcpProtocolVersion.toLowerCase())?.trim();
  const claimsModern = headerVersion !== undefined && MODERN.includes(headerVersion);
  if (message.kind === 'response') return claimsModern ? refuse(400, -32602, 'a response is not a request') : LEGACY;
  const meta = isMembers(message.params['_meta']) ? message.params['_meta'] : {};
  const isEnveloped = Object.hasOwn(meta, VERSION_KEY);
  const isComplete = typeof meta[VERSION_KEY] === 'string' && isMembers(meta[CAPABILITIES_KEY]);
  if (message.method === 'initialize' && !(isEnveloped && isComplete)) {
    return claimsModern ? mismatch('`initialize` belongs to the versions before 2026-07-28') : LEGACY;
  }
  if (!isEnveloped) return claimsModern ? refuse(400, -32602, `\`params._meta\` lacks \`${VERSION_KEY}\``) : LEGACY;
  if (!isComplete) return refuse(400, -32602, `\`params._meta\` lacks \`${VERSION_KEY}\` or \`${CAPABILITIES_KEY}\``);
  return modernEra(message, String(meta[VERSION_KEY]), headerVersion, header);
}

function modernEra(
  message: Exclude<Message, { kind: 'response' }>,
  version: string,
  headerVersion: string | undefined,
  header: HeaderLookup,
): Era | EraFault {
  if (version !== headerVersion) return mismatch('`MCP-Protocol-Version` differs from the version in the body');
  if (!MODERN.includes(version)) {
    // Of the versions that a request can name: those before 2026-07-28 are negotiated by `initialize`.
    const data = { supported: MODERN, requested: version.slice(0, 64) };
    return { ...refuse(400, -32022, 'the protocol version is not supported'), data };
  }
  if (header(HEADERS.mcpMethod.toLowerCase())?.trim() !== message.method) {
    return mismatch('`Mcp-Method` differs from `method` in the body');
  }
  const name = mirroredName(message.method, message.params);
  if (name !== undefined && decodeMirrored(header(HEADERS.mcpName.toLowerCase())) !== name) {
    return mismatch('`Mcp-Name` differs from the name in the body');
  }
  if (REMOVED.has(message.method)) return refuse(404, -32601, 'method not found');
  return { kind: 'modern', version };
}

const LEGACY: Era = { kind: 'legacy' };

/** Requests that MCP 2026-07-28 has no more (SEP-2575, SEP-2663). */
const REMOVED: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
  'tasks/result',
  'tasks/list',
]);

function mismatch(message: string): EraFault {
  return refuse(400, -32020, message);
}

function refuse(status: EraFault['status'], code: EraFault['code'], message: string): EraFault {
  return { kind: 'refused', status, code, message };
}
