import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type SleepDecision, type SleepFacts, decideSleep } from './decide.ts';

const NOW = 1_000_000;
const AFTER = 60_000;
const IDLE = { asOf: NOW, lastActiveAt: NOW - AFTER, open: 0 };

/** Of a server that has every reason to sleep. */
function facts(change: Partial<SleepFacts> = {}): SleepFacts {
  return {
    sleepAfterMs: AFTER,
    hindrance: undefined,
    state: 'awake',
    since: 0,
    idleness: { wanted: false, known: IDLE },
    isReady: true,
    now: NOW,
    ...change,
  };
}

const known = (change: Partial<typeof IDLE>): SleepFacts['idleness'] => ({
  wanted: false,
  known: { ...IDLE, ...change },
});

const CASES: readonly (readonly [string, Partial<SleepFacts>, SleepDecision])[] = [
  ['idle for as long as it asks', {}, { state: 'asleep', reason: 'Idle' }],
  ['a server that does not ask', { sleepAfterMs: undefined }, { state: 'awake', reason: 'NotDeclared' }],
  [
    'one that does not ask any more',
    { sleepAfterMs: undefined, state: 'asleep' },
    { state: 'awake', reason: 'NotDeclared' },
  ],
  ['an autoscaler decides', { hindrance: 'Autoscaled' }, { state: 'awake', reason: 'Autoscaled' }],
  [
    'an autoscaler came while it slept',
    { hindrance: 'Autoscaled', state: 'asleep' },
    { state: 'awake', reason: 'Autoscaled' },
  ],
  [
    'a call waits',
    { state: 'asleep', idleness: { wanted: true, known: undefined } },
    { state: 'awake', reason: 'Wanted' },
  ],
  [
    'asleep, and nobody tells',
    { state: 'asleep', idleness: { wanted: false, known: undefined } },
    { state: 'asleep', reason: 'Asleep' },
  ],
  ['asleep, so not ready', { state: 'asleep', isReady: false }, { state: 'asleep', reason: 'Asleep' }],
  ['it has not shaken hands', { isReady: false }, { state: 'awake', reason: 'NotReady' }],
  [
    'a gateway does not tell',
    { idleness: { wanted: false, known: undefined } },
    { state: 'awake', reason: 'GatewaysUnknown' },
  ],
  ['a stream is open', { idleness: known({ open: 1 }) }, { state: 'awake', reason: 'Busy' }],
  [
    'a call ended a moment ago',
    { idleness: known({ lastActiveAt: NOW - AFTER + 1 }) },
    { state: 'awake', reason: 'Recent' },
  ],
  ['it woke a moment ago', { since: NOW - AFTER + 1 }, { state: 'awake', reason: 'Recent' }],
  ['what is known is old', { now: NOW + 1001 }, { state: 'awake', reason: 'Confirming' }],
];

for (const [name, change, expected] of CASES) {
  test(name, () => assert.deepEqual(decideSleep(facts(change)), expected));
}

test('whatever the facts: who is wanted or hindered runs, and who falls asleep has nothing open and was idle for long enough', () => {
  const arbitrary = fc.record<SleepFacts>({
    sleepAfterMs: fc.option(fc.nat(1000), { nil: undefined }),
    hindrance: fc.option(fc.constantFrom('Autoscaled', 'Canary', 'Sidecar'), { nil: undefined }),
    state: fc.constantFrom('awake', 'asleep'),
    since: fc.nat(3000),
    idleness: fc.record({
      wanted: fc.boolean(),
      known: fc.option(fc.record({ asOf: fc.nat(3000), lastActiveAt: fc.nat(3000), open: fc.nat(2) }), {
        nil: undefined,
      }),
    }),
    isReady: fc.boolean(),
    now: fc.nat(3000),
  });
  fc.assert(
    fc.property(arbitrary, (given) => {
      const { state } = decideSleep(given);
      const { sleepAfterMs, hindrance, idleness } = given;
      if (sleepAfterMs === undefined || hindrance !== undefined || idleness.wanted) return state === 'awake';
      if (given.state === 'asleep') return state === 'asleep';
      if (state === 'awake') return true;
      const told = idleness.known;
      if (told === undefined) return false;
      const isIdle = told.asOf - told.lastActiveAt >= sleepAfterMs && told.asOf - given.since >= sleepAfterMs;
      return given.isReady && told.open === 0 && isIdle && given.now - told.asOf <= 1000;
    }),
    { numRuns: 2000 },
  );
});
