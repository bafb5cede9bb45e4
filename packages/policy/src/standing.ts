import { type Policy, type Session } from './compile.ts';
import { hasEnded } from './instant.ts';
import { type Identity } from './request.ts';
import { type Subject, matches } from './subject-index.ts';

interface SessionKey {
  readonly namespace: string;
  readonly name: string;
}

/** How a session stands, looked up by its key: for an identity that was proved by a session token or certificate. */
export function sessionStanding(
  policy: Policy,
  key: SessionKey,
  now: number,
): 'live' | 'absent' | 'revoked' | 'expired' {
  const session = find(policy, key);
  if (session === undefined) return 'absent';
  if (session.revoked) return 'revoked';
  return hasEnded(session.ends, now) ? 'expired' : 'live';
}

/** Whom a session is for. */
export function sessionSubject(policy: Policy, key: SessionKey): Subject | undefined {
  return find(policy, key)?.subject;
}

/** The live session that a caller is in who names it and whose subject it has; undefined when there is none. */
export function sessionOfCaller(policy: Policy, identity: Identity, now: number): SessionKey | undefined {
  if (identity.session === '') return undefined;
  const found = policy.sessions.get(identity.session)?.find(({ subject }) => matches(subject, identity));
  return found !== undefined && sessionStanding(policy, found, now) === 'live' ? found : undefined;
}

function find(policy: Policy, { namespace, name }: SessionKey): Session | undefined {
  return policy.sessions.get(name)?.find((candidate) => candidate.namespace === namespace);
}
