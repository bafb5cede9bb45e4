/** A short run of every fuzzer, always with the same cases; `fuzz.ts` runs as many as one likes. */
import { test } from 'node:test';
import { TARGETS, fuzz } from './fuzz.ts';

const CASES: Readonly<Record<string, number>> = { upstream: 200 };

for (const [name, open] of Object.entries(TARGETS)) {
  test(`${name}: made-up input does no harm`, () => fuzz(open, { cases: CASES[name] ?? 5000, seed: 1 }));
}
