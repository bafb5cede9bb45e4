// Prints what a decision costs, by the size of the document: `node packages/policy/bench/decision-cost.ts`.
import { type Policy, compilePolicy, evaluate } from '../src/index.ts';
import { type Size, aLargeDocument, callsOf } from '../src/testing/large-document.ts';

const TOOLS = 1000;
const CALLERS = 1000;
const DECISIONS = 200_000;
const SAMPLES = 9;

interface Cost extends Size {
  readonly compileMs: number;
  readonly decisionUs: number;
  /** For a caller whose grants were not looked up since the document changed. */
  readonly newCallerUs: number;
  readonly allowed: string;
}

/** The middle of several samples, since one may meet a garbage collection. */
function middle(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)] ?? 0;
}

function timeMs(work: () => void): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

function measure(size: Size): Cost {
  const document = aLargeDocument(size);
  const calls = callsOf(size, Math.min(CALLERS, size.sessions));
  const rounds = DECISIONS / calls.length;
  let allowed = 0;
  const decideAll = (policy: Policy, some = calls): void => {
    for (const call of some) if (evaluate(policy, call).allowed) allowed += 1;
  };
  const sample = (work: () => number, times = SAMPLES): number => middle(Array.from({ length: times }, work));
  const policy = compilePolicy(document);
  const repeated = (): number =>
    timeMs(() => {
      for (let round = 0; round < rounds; round++) decideAll(policy);
    });
  repeated();
  allowed = 0;
  const decisionUs = (sample(repeated) * 1000) / DECISIONS;
  const share = allowed / (SAMPLES * DECISIONS);
  // No two of these calls have the same caller.
  const firstCalls = calls.slice(0, Math.min(size.grants, size.sessions));
  const first = (): number => {
    const fresh = compilePolicy(document);
    return timeMs(() => decideAll(fresh, firstCalls));
  };
  return {
    ...size,
    decisionUs,
    newCallerUs: (sample(first, 15 * SAMPLES) * 1000) / firstCalls.length,
    compileMs: sample(() => timeMs(() => compilePolicy(document))),
    allowed: `${Math.round(100 * share)} %`,
  };
}

const costs = [10, 1000].flatMap((grants) =>
  [100, 10_000].map((sessions) => measure({ tools: TOOLS, grants, sessions })),
);
const lines = costs.map(
  ({ tools, grants, sessions, decisionUs, newCallerUs, compileMs, allowed }) =>
    `| ${tools} | ${grants} | ${sessions} | ${decisionUs.toFixed(2)} | ${newCallerUs.toFixed(2)} | ${compileMs.toFixed(1)} | ${allowed} |`,
);
const table = [
  '| tools | grants | sessions | µs per decision | µs, new caller | ms to compile | allowed |',
  '|--:|--:|--:|--:|--:|--:|--:|',
  ...lines,
];
process.stdout.write(`${table.join('\n')}\n`);
