import { askAgain } from './authorize.ts';
import { type Denied } from './denial.ts';
import { type Exchange } from './exchange.ts';

/**
 * Why an exchange that a permit was given for may not go on: its policy was replaced while its body, the proof of its
 * caller or the credential for its server was waited for. From here on the open exchanges follow every change.
 */
export function overtaken(exchange: Exchange, now: number): Denied | undefined {
  const current = exchange.route.policy.current();
  if (current === exchange.policy) return undefined;
  if (current === undefined) {
    return { reason: 'policy_unavailable', message: 'no valid policy is loaded for this server' };
  }
  return askAgain(exchange, current, now);
}
