import { type ErrorCode } from '@mcp-runtime/api';
import { isRecord } from '@mcp-runtime/base';
import { type Decision, type Policy, evaluate, evaluateProbe, sessionStanding } from '@mcp-runtime/policy';
import { type Exchange, methodOf } from './exchange.ts';
import { hasPartsLeft } from './subscription.ts';

/** The decision about an exchange under a policy: the same function at its start and whenever something changes. */
export function authorize(exchange: Exchange, policy: Policy, now: number): Decision {
  const method = methodOf(exchange);
  if (exchange.caller.source === 'probe') return evaluateProbe(policy, method);
  const target = exchange.verb === 'POST' ? exchange.target : { kind: 'server' as const };
  const { identity, scopes } = exchange.caller;
  return evaluate(policy, { method, target, identity, scopes, arguments: argumentsOf(exchange), now });
}

/** What is no object has no members that a condition could look at. */
function argumentsOf({ message }: Exchange): Readonly<Record<string, unknown>> | undefined {
  const given = message === undefined || message.kind === 'response' ? undefined : message.params['arguments'];
  return isRecord(given) ? given : undefined;
}

/** Why an open exchange may not go on; undefined when it may. */
export function askAgain(
  exchange: Exchange,
  policy: Policy,
  now: number,
): { readonly reason: ErrorCode; readonly message: string } | undefined {
  const { session } = exchange.caller;
  const standing = session === undefined ? 'live' : sessionStanding(policy, session, now);
  if (standing === 'revoked') return { reason: 'session_revoked', message: 'the agent session was revoked' };
  if (standing === 'expired') return { reason: 'session_expired', message: 'the agent session has expired' };
  if (standing === 'absent')
    return { reason: 'session_not_found', message: 'the agent session does not exist any more' };
  const decision = stillAllowed(exchange, policy, now);
  return decision.allowed ? undefined : { reason: decision.reason, message: decision.message };
}

/** A subscription goes on for as long as there is something left of it: what is not is held back. */
function stillAllowed(exchange: Exchange, policy: Policy, now: number): Decision {
  const { target, caller } = exchange;
  if (target?.kind !== 'subscription' || !hasPartsLeft(exchange, target, policy, now)) {
    return authorize(exchange, policy, now);
  }
  return evaluate(policy, {
    method: methodOf(exchange),
    target: { kind: 'server' },
    identity: caller.identity,
    scopes: caller.scopes,
    now,
  });
}
