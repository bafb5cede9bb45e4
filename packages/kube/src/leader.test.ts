import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '@mcp-runtime/api';
import { type Running } from '@mcp-runtime/base';
import fc from 'fast-check';
import { LEASES } from './builtin.ts';
import { type LeaderOptions, startCandidate } from './leader.ts';
import { type LeaseInput, decideLease } from './lease-decision.ts';
import { openMemoryStore } from './memory.ts';
import { type ResourceClient } from './port.ts';
import { type ManualClock, manualClock } from './testing/manual-clock.ts';
import { FIXED_CLOCK } from './testing/stores.ts';

const LEASE = { namespace: 'system', name: 'leader' };
const held = { holderIdentity: 'a', leaseDurationSeconds: 15 };

const DECISIONS: Readonly<Record<string, readonly [LeaseInput, string]>> = {
  'no lease is there': [{ lease: undefined, identity: 'b', unchangedForMs: 0 }, 'take absent'],
  'it was released': [{ lease: { ...held, holderIdentity: '' }, identity: 'b', unchangedForMs: 0 }, 'take released'],
  'it is our own': [{ lease: held, identity: 'a', unchangedForMs: 99_000 }, 'renew held'],
  'it changed lately': [{ lease: held, identity: 'b', unchangedForMs: 14_999 }, 'wait held by another'],
  'it has not changed for as long as it lasts': [
    { lease: held, identity: 'b', unchangedForMs: 15_000 },
    'take expired',
  ],
  'its renewal lies in the future of another clock': [
    { lease: { ...held, renewTime: '2999-01-01T00:00:00.000000Z' }, identity: 'b', unchangedForMs: 15_000 },
    'take expired',
  ],
};

for (const [when, [input, expected]] of Object.entries(DECISIONS)) {
  test(`a candidate decides when ${when}: ${expected}`, () => {
    const { action, reason } = decideLease(input);
    assert.equal(`${action} ${reason}`, expected);
  });
}

/** What a candidate does, and a cable that can be cut. */
class Contender implements AsyncDisposable {
  readonly errors: string[] = [];
  isLeading = false;
  terms = 0;
  cable: 'whole' | 'cut' | 'answers lost' | 'hangs' = 'whole';
  readonly #running: Running;
  readonly #clock: ManualClock;

  constructor(store: ResourceClient, clock: ManualClock, identity: string, skewMs = 0) {
    const options: LeaderOptions = {
      client: this.#through(store),
      lease: LEASE,
      identity,
      clock: clock.skewed(skewMs),
      lead: async (signal) => {
        this.isLeading = true;
        this.terms += 1;
        await aborted(signal, () => {
          this.isLeading = false;
        });
      },
      onError: ({ code }) => this.errors.push(code),
    };
    this.#clock = clock;
    this.#running = startCandidate(options);
  }

  close(): Promise<void> {
    return this.#running.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cable = 'whole';
    const closing = this.close();
    await this.#clock.advance(30_000);
    await closing;
  }

  #through(store: ResourceClient): ResourceClient {
    const over = async <T>(call: () => Promise<T>): Promise<T> => {
      const lost = new AppError('service_unavailable', 'the cable is cut');
      if (this.cable === 'cut') throw lost;
      if (this.cable === 'hangs') return await new Promise(() => {});
      const answer = await call();
      if (this.cable === 'answers lost') throw lost;
      return answer;
    };
    return {
      ...store,
      get: (type, key) => over(() => store.get(type, key)),
      create: (type, object, options) => over(() => store.create(type, object, options)),
      update: (type, object, options) => over(() => store.update(type, object, options)),
    };
  }
}

function aborted(signal: AbortSignal, then: () => void): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      then();
      resolve();
    });
  });
}

test('one of two leads, and hands over at once when it closes', async () => {
  await using store = openMemoryStore({ clock: FIXED_CLOCK });
  const clock = manualClock();
  const first = new Contender(store, clock, 'first');
  await clock.advance(0);
  await using second = new Contender(store, clock, 'second', 3_600_000);
  await clock.advance(60_000);
  assert.deepEqual([first.isLeading, second.isLeading], [true, false]);
  await first.close();
  assert.equal(first.isLeading, false);
  await clock.advance(0);
  assert.equal(second.isLeading, true);
  const spec = (await store.get(LEASES, LEASE))?.spec;
  assert.ok(typeof spec === 'object' && spec !== null && 'leaseTransitions' in spec);
  assert.equal(spec.leaseTransitions, 1);
});

test('a leader that cannot renew stops before another one begins', async () => {
  await using store = openMemoryStore({ clock: FIXED_CLOCK });
  const clock = manualClock();
  await using first = new Contender(store, clock, 'first');
  await clock.advance(0);
  await using second = new Contender(store, clock, 'second');
  await clock.advance(10_000);
  first.cable = 'hangs';
  await clock.advance(10_000);
  assert.deepEqual([first.isLeading, second.isLeading], [false, false]);
  await clock.advance(10_000);
  assert.deepEqual([first.isLeading, second.isLeading], [false, true]);
});

test('a short failure changes nothing but is told', async () => {
  await using store = openMemoryStore({ clock: FIXED_CLOCK });
  const clock = manualClock();
  await using only = new Contender(store, clock, 'only');
  await clock.advance(5_000);
  only.cable = 'cut';
  await clock.advance(5_000);
  only.cable = 'whole';
  await clock.advance(60_000);
  assert.deepEqual([only.isLeading, only.terms], [true, 1]);
  assert.ok(only.errors.every((code) => code === 'service_unavailable') && only.errors.length > 0);
});

test('work that fails gives the lease back, and it is tried again', async () => {
  await using store = openMemoryStore({ clock: FIXED_CLOCK });
  const clock = manualClock();
  const errors: string[] = [];
  let terms = 0;
  await using _ = startCandidate({
    client: store,
    lease: LEASE,
    identity: 'only',
    clock: clock.skewed(0),
    lead: () => {
      terms += 1;
      return Promise.reject(new AppError('internal', 'a fault'));
    },
    onError: ({ code }) => errors.push(code),
  });
  await clock.advance(5_000);
  assert.equal(terms, 3);
  assert.deepEqual(errors, ['internal', 'internal', 'internal']);
});

const who = fc.constantFrom(0, 1, 2);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ advance: fc.integer({ min: 1, max: 9_000 }) }) },
  { weight: 1, arbitrary: fc.record({ who, cable: fc.constantFrom('whole', 'cut', 'answers lost', 'hangs') }) },
);

test('whatever fails, and however clocks differ, never do two lead', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 20, maxLength: 40 }),
      fc.array(fc.integer(), { minLength: 3, maxLength: 3 }),
      async (steps, skews) => {
        await using store = openMemoryStore({ clock: FIXED_CLOCK });
        const clock = manualClock();
        const contenders = skews.map((skew, index) => new Contender(store, clock, `c${index}`, skew % 1e9));
        let most = 0;
        for (const one of steps) {
          if ('cable' in one) Object.assign(contenders[one.who] ?? {}, { cable: one.cable });
          // In small moves, so that no moment of two leaders passes unseen.
          const total = 'advance' in one ? one.advance : 0;
          for (let left = total; left > 0; left -= 250) {
            await clock.advance(Math.min(left, 250));
            most = Math.max(most, contenders.filter(({ isLeading }) => isLeading).length);
          }
        }
        assert.ok(most <= 1, `${most} led at a time`);
        for (const contender of contenders) contender.cable = 'whole';
        await clock.advance(60_000);
        assert.equal(contenders.filter(({ isLeading }) => isLeading).length, 1);
      },
    ),
    { numRuns: 30 },
  );
});
