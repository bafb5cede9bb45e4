import { type Policy, sessionStanding } from '@mcp-runtime/policy';
import { type Caller, type Identified } from './caller.ts';

interface ProvedSession {
  readonly human: string;
  readonly agent: string;
  readonly team: string;
  readonly session: { readonly namespace: string; readonly name: string };
}

interface SessionFacts {
  readonly policy: Policy;
  readonly now: number;
  readonly by: 'token' | 'certificate';
}

const FAULTS = {
  absent: { reason: 'session_not_found', says: 'does not exist any more' },
  revoked: { reason: 'session_revoked', says: 'was revoked' },
  expired: { reason: 'session_expired', says: 'has expired' },
} as const;

/** The caller in an agent session that was proved, as long as the session lives. */
export function identifySession(proved: ProvedSession, { policy, now, by }: SessionFacts): Identified {
  const { human, agent, team, session } = proved;
  const identity = { human, agent, team, session: session.name, sessionNamespace: session.namespace };
  const caller: Caller = { identity, source: by, session };
  const standing = sessionStanding(policy, session, now);
  if (standing === 'live') return { ok: true, caller };
  const { reason, says } = FAULTS[standing];
  return { ok: false, reason, message: `session \`${session.name}\` ${says}`, caller };
}
