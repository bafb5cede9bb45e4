import { type CheckResult, type CheckStatus } from './suite.ts';

/** A check that ended otherwise through the gateway than directly. */
export interface Difference {
  readonly scenario: string;
  /** A check that a scenario makes more than once has `#2` and so on after its id. */
  readonly check: string;
  readonly direct: CheckStatus | 'absent';
  readonly governed: CheckStatus | 'absent';
  /** What the suite says about it on either way. */
  readonly messages: readonly string[];
}

export function compare(direct: readonly CheckResult[], governed: readonly CheckResult[]): readonly Difference[] {
  const before = byKey(direct);
  const after = byKey(governed);
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].flatMap((key) => {
    const [one, other] = [before.get(key), after.get(key)];
    const found = one ?? other;
    if (found === undefined || one?.status === other?.status) return [];
    const messages = [one?.message ?? '', other?.message ?? ''].filter((message) => message !== '');
    const { scenario, check } = found;
    return [{ scenario, check, direct: one?.status ?? 'absent', governed: other?.status ?? 'absent', messages }];
  });
}

function byKey(results: readonly CheckResult[]): ReadonlyMap<string, CheckResult> {
  const found = new Map<string, CheckResult>();
  const counts = new Map<string, number>();
  for (const result of results) {
    const key = `${result.scenario} ${result.check}`;
    const nth = (counts.get(key) ?? 0) + 1;
    counts.set(key, nth);
    const check = nth === 1 ? result.check : `${result.check}#${nth}`;
    found.set(`${result.scenario} ${check}`, { ...result, check });
  }
  return found;
}
