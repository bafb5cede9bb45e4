import { HEADERS } from '../../../packages/api/src/index.ts';
import { type Answer, post } from '../../support/agent.ts';
import { governedServer } from '../../support/objects.ts';

/** Name of the server, of Alice's grant and of her session. */
export const FILES = 'files';
export const ALICE = { humanID: 'alice', agentID: 'agent' } as const;

/** Server `files`, on which Alice may read. `session` is what her session says beside that. */
export function filesForAlice(spec: object, session: object = {}): readonly object[] {
  const server = { auth: { mode: 'header' }, tools: [{ name: 'read', sideEffect: 'read' }], ...spec };
  return governedServer(FILES, server, {
    subject: ALICE,
    grant: { maxTrust: 'high', allowedSideEffects: ['read'] },
    session: { consentedTrust: 'high', ...session },
  });
}

/** One request of Alice's agent; the gateway has to trust headers from here. */
export function askAsAlice(url: string, method: string, params: object = {}): Promise<Answer> {
  return post({
    url,
    headers: {
      [HEADERS.humanId]: ALICE.humanID,
      [HEADERS.agentId]: ALICE.agentID,
      [HEADERS.agentSession]: FILES,
    },
    body: { jsonrpc: '2.0', id: 1, method, params },
  });
}
