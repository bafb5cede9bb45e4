import { compilePolicy, evaluate } from '@mcp-runtime/policy';
import { aLargeDocument, callsOf } from '../../packages/policy/src/testing/large-document.ts';
import { median } from './rows.ts';

/** Microseconds of processor for a decision under a policy of that size. */
export interface DecisionCost {
  readonly tools: number;
  readonly grants: number;
  readonly sessions: number;
  readonly micros: number;
}

const DECISIONS = 100_000;
const SAMPLES = 7;
const SIZES = [100, 10_000].map((sessions) => ({ tools: 1000, grants: 1000, sessions }));

/** Whether a decision costs the same however many sessions there are. */
export function measureDecisions(): readonly DecisionCost[] {
  return SIZES.map((size) => {
    const policy = compilePolicy(aLargeDocument(size));
    const calls = callsOf(size, Math.min(size.sessions, 1000));
    const sample = (): number => {
      const before = process.cpuUsage();
      let allowed = 0;
      for (let done = 0; done < DECISIONS; done += calls.length) {
        for (const call of calls) if (evaluate(policy, call).allowed) allowed += 1;
      }
      if (allowed === 0) throw new Error('no call was allowed');
      const { user, system } = process.cpuUsage(before);
      return (user + system) / DECISIONS;
    };
    sample();
    return { ...size, micros: median(Array.from({ length: SAMPLES }, sample)) };
  });
}
