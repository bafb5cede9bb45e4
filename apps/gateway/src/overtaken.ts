import { askAgain } from './authorize.ts';
import { type Denied } from './denial.ts';
import { type Exchange } from './exchange.ts';
import { type PolicyAbsence } from './policy-source/holder.ts';
import { type Route } from './routes/route.ts';

/**
 * Why an exchange that a permit was given for may not go on: its policy was replaced while its body, the proof of its
 * caller or the credential for its server was waited for. From here on the open exchanges follow every change.
 */
export function overtaken(exchange: Exchange, now: number): Denied | undefined {
  const current = exchange.route.policy.current();
  if (current === exchange.policy) return undefined;
  if (current === undefined) return noPolicy(exchange.route);
  return askAgain(exchange, current, now);
}

/** Without a policy nobody may do anything. */
export function noPolicy({ policy }: Pick<Route, 'policy'>): Denied {
  const reason = policy.absence();
  return { reason, message: ABSENT[reason] };
}

const ABSENT: Readonly<Record<PolicyAbsence, string>> = {
  policy_unavailable: 'no valid policy is loaded for this server',
  policy_stale: 'the policy of this server could not be confirmed for too long',
};
