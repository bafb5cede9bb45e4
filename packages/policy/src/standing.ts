import { type Policy } from './compile.ts';
import { hasEnded } from './instant.ts';

/** How a session stands, looked up by its key: for an identity that was proved by a session token. */
export function sessionStanding(
  policy: Policy,
  key: { readonly namespace: string; readonly name: string },
  now: number,
): 'live' | 'absent' | 'revoked' | 'expired' {
  const session = policy.sessions.get(key.name)?.find((candidate) => candidate.namespace === key.namespace);
  if (session === undefined) return 'absent';
  if (session.revoked) return 'revoked';
  return hasEnded(session.ends, now) ? 'expired' : 'live';
}
