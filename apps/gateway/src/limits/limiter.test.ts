import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Limits } from '@mcp-runtime/policy';
import fc from 'fast-check';
import { type Measured, createLimiter } from './limiter.ts';
import { WindowCount } from './window-count.ts';

const NOW = Date.parse('2026-05-08T12:00:00Z');
const WINDOW = 1000;

test('what is said to fit does, a moment earlier it did not, and one window never holds more than the limit', () => {
  const steps = fc.array(fc.record({ after: fc.nat({ max: 1500 }), amount: fc.integer({ min: 1, max: 5 }) }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(steps, fc.integer({ min: 5, max: 20 }), (given, limit) => {
      const count = new WindowCount(WINDOW);
      const perWindow = new Map<number, number>();
      let now = NOW;
      for (const { after, amount } of given) {
        now += after;
        const waitMs = count.waitMs(amount, limit, now);
        if (waitMs > 0) {
          // Asked at a moment earlier, which is what the next question finds.
          assert.ok(count.waitMs(amount, limit, now + waitMs - 1) > 0, 'told to wait longer than needed');
          now += waitMs;
        }
        assert.equal(count.waitMs(amount, limit, now), 0, 'does not fit when it was said to');
        count.add(amount, now);
        const window = Math.floor(now / WINDOW);
        perWindow.set(window, (perWindow.get(window) ?? 0) + amount);
      }
      for (const counted of perWindow.values()) assert.ok(counted <= limit);
    }),
    { numRuns: 1000 },
  );
});

test('more than the limit never fits', () => {
  const count = new WindowCount(WINDOW);
  for (const later of [0, 500, 1000, 10_000]) assert.ok(count.waitMs(6, 5, NOW + later) > 0);
});

const NO_LIMITS: Limits = {
  windowMs: WINDOW,
  calls: undefined,
  requestBytes: undefined,
  responseBytes: undefined,
  concurrency: undefined,
};

function requestOf(change: Partial<Limits>, more: Partial<Measured> = {}): Measured {
  const limits = [['server', { ...NO_LIMITS, ...change }] as const];
  return { caller: 'alice', limits, bytesIn: 10, now: NOW, progress: 'counted', ...more };
}

test('callers are counted for themselves, and so is each of what a request is limited by', () => {
  const limiter = createLimiter();
  const request = requestOf({ calls: 1 });
  assert.equal(limiter.over(request), undefined);
  limiter.begin(request);
  assert.equal(limiter.over(request)?.reason, 'rate_limited');
  assert.equal(limiter.over({ ...request, caller: 'bob' }), undefined);
  const ofTool = { ...request, limits: [['tool t', { ...NO_LIMITS, calls: 1 }] as const] };
  assert.equal(limiter.over(ofTool), undefined);
  assert.equal(limiter.over({ ...request, now: NOW + 3 * WINDOW }), undefined);
});

test('what is over one limit counts for none', () => {
  const limiter = createLimiter();
  const both = requestOf({ calls: 5 });
  const limits = [...both.limits, ['tool t', { ...NO_LIMITS, calls: 1 }] as const];
  limiter.begin({ ...both, limits });
  for (let n = 0; n < 10; n++) assert.equal(limiter.over({ ...both, limits })?.reason, 'rate_limited');
  assert.equal(limiter.over(both), undefined);
});

test('bytes count when they have moved, calls in progress until they end', () => {
  const limiter = createLimiter();
  const volume = requestOf({ requestBytes: 15, responseBytes: 100 });
  const ended = limiter.begin(volume);
  assert.equal(limiter.over(volume)?.message, 'the limit of server: at most 15 bytes of requests in 1 s');
  assert.equal(limiter.over({ ...volume, bytesIn: 5 }), undefined);
  ended(100, NOW);
  assert.equal(limiter.over({ ...volume, bytesIn: 5 })?.reason, 'volume_limited');
  const one = requestOf({ concurrency: 1 }, { caller: 'bob' });
  const end = limiter.begin(one);
  assert.deepEqual(limiter.over(one), {
    reason: 'concurrency_limited',
    message: 'the limit of server: 1 calls may be in progress',
    retryAfterMs: 1000,
  });
  end(0, NOW);
  assert.equal(limiter.over(one), undefined);
  limiter.begin({ ...one, progress: 'elsewhere' });
  assert.equal(limiter.over(one), undefined);
});

test('another length of the window begins anew', () => {
  const limiter = createLimiter();
  limiter.begin(requestOf({ calls: 1 }));
  assert.equal(limiter.over(requestOf({ calls: 1, windowMs: 5000 })), undefined);
});

test('callers beyond the bound are forgotten, the quietest first, and none with a call in progress', () => {
  const limiter = createLimiter(100);
  const limits = { calls: 1, concurrency: 1 };
  limiter.begin(requestOf(limits, { caller: 'busy' }));
  limiter.begin(requestOf(limits, { caller: 'quiet' }))(0, NOW);
  for (let n = 0; n < 1000; n++) {
    limiter.begin(requestOf(limits, { caller: `caller ${n}` }))(0, NOW);
    assert.ok(limiter.size() <= 100);
  }
  assert.equal(limiter.over(requestOf(limits, { caller: 'busy' }))?.reason, 'concurrency_limited');
  assert.equal(limiter.over(requestOf(limits, { caller: 'quiet' })), undefined);
  assert.equal(limiter.over(requestOf(limits, { caller: 'caller 999' }))?.reason, 'rate_limited');
});
