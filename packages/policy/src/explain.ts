import { CHECKS, scopesAreEnough } from './checks.ts';
import { type Policy } from './compile.ts';
import { type Decision } from './decision.ts';
import { evaluate, factsOf } from './evaluate.ts';
import { type PolicyRequest } from './request.ts';

export interface Step {
  readonly condition: string;
  readonly saw: string;
  readonly result: 'passes' | 'allows' | 'denies';
}

export interface Explanation {
  readonly decision: Decision;
  /** Up to and including the condition that settled the matter. */
  readonly steps: readonly Step[];
}

/** The conditions of a decision in order, with what each saw: the same checks that `evaluate` runs. */
export function explain(policy: Policy, request: PolicyRequest): Explanation {
  const facts = factsOf(policy, request);
  const steps: Step[] = [];
  for (const check of CHECKS) {
    const settled = check.settle(facts);
    const result = settled === undefined ? 'passes' : settled.allowed ? 'allows' : 'denies';
    steps.push({ condition: check.id, saw: check.saw(facts), result });
    if (settled !== undefined) break;
  }
  if (policy.scopes !== undefined && steps.at(-1)?.result !== 'denies') {
    const result = scopesAreEnough.settle(facts) === undefined ? 'passes' : 'denies';
    steps.push({ condition: scopesAreEnough.id, saw: scopesAreEnough.saw(facts), result });
  }
  const decision = evaluate(policy, request);
  const observed: readonly Step[] = policy.observes
    ? [
        {
          condition: 'the policy enforces',
          saw: 'mode observe: the call goes through whatever the steps above say',
          result: 'allows',
        },
      ]
    : [];
  return { decision, steps: [...steps, ...observed] };
}
