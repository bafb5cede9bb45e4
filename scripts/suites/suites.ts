import type { Tier } from '../cluster/needs.ts';

interface Suite {
  readonly files: readonly string[];
  readonly concurrency: number;
  /** It needs a Kubernetes, which is started before its first file and ended after its last. */
  readonly cluster?: Tier;
}

/**
 * Suites in order. End-to-end files start processes of their own, and those of a cluster operators that would see each other's
 * objects, so they run one at a time.
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
  e2e: { files: ['test/e2e/*.test.ts'], concurrency: 1 },
  eras: { files: ['test/eras/*.test.ts'], concurrency: 1 },
  conformance: { files: ['test/conformance/*.test.ts'], concurrency: 1 },
  hostile: { files: ['test/hostile/*.test.ts'], concurrency: 1 },
  'kube-api': { files: ['test/kube-api/*.test.ts'], concurrency: 1, cluster: 'api' },
  'kube-node': { files: ['test/kube-node/*.test.ts'], concurrency: 1, cluster: 'node' },
} as const satisfies Readonly<Record<string, Suite>>;

export type SuiteName = keyof typeof SUITES;

export const SUITE_NAMES = [
  'unit',
  'e2e',
  'eras',
  'conformance',
  'hostile',
  'kube-api',
  'kube-node',
] as const satisfies readonly SuiteName[];

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function suiteOf(name: SuiteName): Suite {
  return SUITES[name];
}
