import type { Tier } from '../cluster/needs.ts';

interface Suite {
  readonly files: readonly string[];
  readonly concurrency: number;
  /** It needs a Kubernetes, which is started before its first file and ended after its last. */
  readonly cluster?: Tier;
  /** Those of its files that measure, or break much: beside another suite they would measure that, too. They come last. */
  readonly alone?: readonly string[];
}

/**
 * End-to-end files start processes of their own, and those of a cluster operators that would see each other's objects, so
 * they run one at a time.
 */
export const SUITES = {
  unit: {
    files: [
      'packages/*/src/**/*.test.ts',
      'apps/*/src/**/*.test.ts',
      'test/architecture/*.test.ts',
      'test/evidence/*.test.ts',
      'scripts/**/*.test.ts',
      'test/cluster/**/*.test.ts',
    ],
    concurrency: 3,
  },
  e2e: { files: ['test/e2e/*.test.ts'], concurrency: 1, alone: ['test/e2e/revocation.test.ts'] },
  eras: { files: ['test/eras/*.test.ts'], concurrency: 1 },
  conformance: { files: ['test/conformance/*.test.ts'], concurrency: 1 },
  hostile: { files: ['test/hostile/*.test.ts'], concurrency: 1 },
  'kube-api': {
    files: ['test/kube-api/*.test.ts'],
    concurrency: 1,
    cluster: 'api',
    alone: ['test/kube-api/{figures,revocation,scale,wake}.test.ts'],
  },
  'kube-node': {
    files: ['test/kube-node/*.test.ts'],
    concurrency: 1,
    cluster: 'node',
    alone: ['test/kube-node/{faults,revocation,sleep,upgrade}.test.ts'],
  },
} as const satisfies Readonly<Record<string, Suite>>;

export type SuiteName = keyof typeof SUITES;

/**
 * What runs at the same time: the suites of a line one after another, the lines beside each other. One keeps processors busy
 * where the other waits for pods; the unit tests leave nothing to share.
 */
export const STAGES: readonly (readonly (readonly SuiteName[])[])[] = [
  [['unit']],
  [['e2e', 'eras', 'conformance', 'hostile', 'kube-api'], ['kube-node']],
];

export const SUITE_NAMES: readonly SuiteName[] = STAGES.flat(2);

export const PARTS = ['beside', 'alone'] as const;

/** The files of a suite that may run beside another suite, or the others. */
export type Part = (typeof PARTS)[number];

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function suiteOf(name: SuiteName): Suite {
  return SUITES[name];
}

export function sumOf(totals: readonly Totals[]): Totals {
  const sum = (count: keyof Totals): number => totals.reduce((all, one) => all + one[count], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}
