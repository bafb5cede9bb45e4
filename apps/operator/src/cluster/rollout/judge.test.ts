import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CanaryObserved, judgeCanary } from './judge.ts';

const RULES: CanaryObserved['rules'] = {
  minRequests: 100,
  maxErrorRatePercent: 5,
  minDuration: '5m',
  onChangedDefinitions: 'Hold',
};
const GOOD: CanaryObserved = {
  rules: RULES,
  health: { state: 'ready', message: '1 of 1' },
  counts: { stable: { requests: 1900, errors: 0 }, canary: { requests: 100, errors: 0 } },
  elapsedMs: 300_000,
  definitions: { kind: 'same' },
};
const CHANGED = { kind: 'changed', missing: ['read'], changed: ['write'] } as const;

function counted(requests: number, errors: number, stable = { requests: 1900, errors: 0 }): Partial<CanaryObserved> {
  return { counts: { stable, canary: { requests, errors } } };
}

type Row = readonly [what: string, given: Partial<CanaryObserved>, verdict: string, reason: string];

const ROWS: readonly Row[] = [
  ['one that did well for long enough', {}, 'promote', 'ErrorRateWithinLimit'],
  ['one that is not ready', { health: { state: 'starting', message: '' } }, 'wait', 'CanaryStarting'],
  ['one that crashes', { health: { state: 'failing', message: 'x' } }, 'rollback', 'CanaryFailing'],
  ['too few requests', counted(99, 0), 'wait', 'MoreRequestsNeeded'],
  ['too short a time', { elapsedMs: 299_999 }, 'wait', 'MoreTimeNeeded'],
  ['errors at the limit', counted(100, 5), 'promote', 'ErrorRateWithinLimit'],
  ['errors above it', counted(100, 6), 'rollback', 'ErrorRateTooHigh'],
  ['a first request that fails', counted(1, 1), 'wait', 'MoreRequestsNeeded'],
  ['so many at the start that it cannot come below the limit', counted(6, 6), 'rollback', 'ErrorRateTooHigh'],
  [
    'errors that the version in use has too',
    counted(100, 12, { requests: 1900, errors: 190 }),
    'promote',
    'ErrorRateWithinLimit',
  ],
  ['no request to the version in use', counted(100, 0, { requests: 0, errors: 0 }), 'promote', 'ErrorRateWithinLimit'],
  ['changed tools', { definitions: CHANGED }, 'hold', 'DefinitionsChanged'],
  [
    'changed tools that are a reason',
    { definitions: CHANGED, rules: { ...RULES, onChangedDefinitions: 'Rollback' } },
    'rollback',
    'DefinitionsChanged',
  ],
  [
    'changed tools that are allowed',
    { definitions: CHANGED, rules: { ...RULES, onChangedDefinitions: 'Allow' } },
    'promote',
    'ErrorRateWithinLimit',
  ],
  ['tools that are not known', { definitions: { kind: 'unknown', message: '' } }, 'wait', 'DefinitionsUnknown'],
  ['changed tools and too many errors', { definitions: CHANGED, ...counted(100, 50) }, 'rollback', 'ErrorRateTooHigh'],
];

for (const [what, given, verdict, reason] of ROWS) {
  test(`${what}: ${verdict}`, () => {
    const judged = judgeCanary({ ...GOOD, ...given });
    assert.deepEqual([judged.verdict, judged.reason], [verdict, reason]);
  });
}

test('the message has the figures, and the names of the tools', () => {
  const { message } = judgeCanary({ ...GOOD, ...counted(6, 6) });
  assert.equal(message, '6 of 6 requests failed; 5.0 % of 100 may');
  assert.match(judgeCanary({ ...GOOD, definitions: CHANGED }).message, /missing: `read`; changed: `write`$/);
});

const counts = fc
  .nat(5000)
  .chain((requests) => fc.record({ requests: fc.constant(requests), errors: fc.nat(requests) }));
const observations: fc.Arbitrary<CanaryObserved> = fc.record({
  rules: fc.record({
    minRequests: fc.integer({ min: 1, max: 2000 }),
    maxErrorRatePercent: fc.integer({ min: 0, max: 100 }),
    minDuration: fc.constantFrom('0s', '1m', '1h'),
    onChangedDefinitions: fc.constantFrom('Hold', 'Rollback', 'Allow'),
  }),
  health: fc.record({ state: fc.constantFrom('starting', 'ready', 'failing'), message: fc.constant('') }),
  counts: fc.record({ stable: counts, canary: counts }),
  elapsedMs: fc.nat(7_200_000),
  definitions: fc.constantFrom(CHANGED, { kind: 'same' } as const, { kind: 'unknown', message: '' } as const),
});

test('nothing is promoted that is not ready, known, tried often enough and within its limit', () => {
  fc.assert(
    fc.property(observations, (observed) => {
      if (judgeCanary(observed).verdict !== 'promote') return;
      const {
        rules,
        health,
        counts: { canary, stable },
      } = observed;
      assert.equal(health.state, 'ready');
      assert.notEqual(observed.definitions.kind, 'unknown');
      assert.ok(observed.definitions.kind === 'same' || rules.onChangedDefinitions === 'Allow');
      assert.ok(canary.requests >= rules.minRequests);
      const stableRate = stable.errors / Math.max(1, stable.requests);
      assert.ok(canary.errors / canary.requests <= stableRate + rules.maxErrorRatePercent / 100 + 1e-9);
    }),
  );
});

test('one more error never makes a canary look better', () => {
  const rank = { promote: 0, wait: 0, hold: 0, rollback: 1 } as const;
  fc.assert(
    fc.property(observations, (observed) => {
      const { canary } = observed.counts;
      fc.pre(canary.errors < canary.requests);
      const worse = { ...observed, counts: { ...observed.counts, canary: { ...canary, errors: canary.errors + 1 } } };
      assert.ok(rank[judgeCanary(worse).verdict] >= rank[judgeCanary(observed).verdict]);
    }),
  );
});
