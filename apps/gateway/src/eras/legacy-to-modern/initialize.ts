import { randomUUID } from 'node:crypto';
import { HEADERS } from '@mcp-runtime/api';
import { isRecord } from '@mcp-runtime/base';
import { META_KEYS, memberText, withMembers } from '@mcp-runtime/mcp';
import { type AnswerReceiver } from '../../upstream/port.ts';
import { type Passage } from '../passage.ts';
import { UNAGREED } from './answer.ts';
import { giveError, giveResult } from './call.ts';
import { type CarryPorts } from './carry.ts';
import { Outlet } from '../outlet.ts';
import { askServer, unreadable } from './server-side.ts';
import { type BridgedSession, agree, sessionText } from './session.ts';

const SESSION_ID = HEADERS.mcpSessionId.toLowerCase();

/** Opens a session. Rejects with an AppError when the server does not answer. */
export async function initialize(
  passage: Passage,
  receiver: AnswerReceiver,
  signal: AbortSignal,
  { upstream, log, limits }: Pick<CarryPorts, 'upstream' | 'log' | 'limits'>,
): Promise<void> {
  const { exchange, target } = passage;
  const { message } = exchange;
  if (message?.kind !== 'request') throw new TypeError('only a request opens a session');
  const session = agree(message.params, randomUUID());
  const asked = { method: 'server/discover', params: {}, envelope: { ...session, logLevel: undefined }, signal };
  const answer = await askServer(passage, asked, { upstream, maxMessageBytes: limits.maxMessageBytes });
  if (answer.kind === 'complete') {
    const outlet = new Outlet(receiver, undefined, { [SESSION_ID]: sessionText(session) });
    giveResult({ message, outlet }, initializeResult(answer.result, session, exchange.route.key.name));
    return;
  }
  if (answer.kind !== 'error') throw unreadable();
  log.warn('a server refused `server/discover`', { target: target.href, code: answer.code });
  giveError({ message, outlet: new Outlet(receiver) }, JSON.stringify(UNAGREED));
}

/**
 * The result of `initialize`, made from that of `server/discover`: capabilities and instructions as they are, but for
 * extensions that the client did not declare, so cannot use, and what only MCP 2026-07-28 has.
 */
function initializeResult(discovered: string, session: BridgedSession, name: string): string {
  const meta = memberText(discovered, '_meta') ?? '{}';
  const serverInfo = memberText(meta, META_KEYS.serverInfo) ?? JSON.stringify({ name, version: 'unknown' });
  const metaLeft = withMembers(meta, { [META_KEYS.serverInfo]: undefined });
  return withMembers(discovered, {
    resultType: undefined,
    ttlMs: undefined,
    cacheScope: undefined,
    supportedVersions: undefined,
    _meta: metaLeft === '{}' ? undefined : metaLeft,
    protocolVersion: JSON.stringify(session.version),
    capabilities: capabilitiesFor(memberText(discovered, 'capabilities') ?? '{}', session),
    serverInfo,
  });
}

function capabilitiesFor(capabilities: string, session: BridgedSession): string {
  const extensions = memberText(capabilities, 'extensions');
  if (extensions === undefined) return capabilities;
  const declared = isRecord(session.capabilities['extensions']) ? session.capabilities['extensions'] : {};
  const offered: unknown = JSON.parse(extensions);
  const unusable = Object.keys(isRecord(offered) ? offered : {}).filter((name) => !Object.hasOwn(declared, name));
  const usable = withMembers(extensions, Object.fromEntries(unusable.map((name) => [name, undefined])));
  return withMembers(capabilities, { extensions: usable === '{}' ? undefined : usable });
}
