import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFloodGate } from './flood-gate.ts';

test('a burst passes, then as many as the rate allows; the rest is counted by key', () => {
  let now = 0;
  const gate = createFloodGate<string>({ burst: 2, perSecond: 1 }, () => now);
  const passed = (key: string): boolean => gate.pass(key);
  assert.deepEqual(['a', 'a', 'a', 'b', 'b'].map(passed), [true, true, false, false, false]);
  assert.deepEqual(
    [...gate.takeHeld()],
    [
      ['a', 1],
      ['b', 2],
    ],
  );
  assert.deepEqual([...gate.takeHeld()], []);
  now = 1000;
  assert.deepEqual(['a', 'a'].map(passed), [true, false]);
  now = 60_000;
  assert.deepEqual(['a', 'a', 'a'].map(passed), [true, true, false]);
  now = 0;
  assert.equal(gate.pass('a'), false, 'a clock that is set back opens nothing');
});

test('everything is either let through or counted, and never more than burst and rate allow', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(3000)), { maxLength: 200 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5 }), (all, burst, perSecond) => {
      let now = 0;
      const gate = createFloodGate<string>({ burst, perSecond }, () => now);
      let passed = 0;
      for (const [key, later] of all) {
        now += later;
        if (gate.pass(key)) passed += 1;
      }
      const held = [...gate.takeHeld().values()].reduce((sum, count) => sum + count, 0);
      assert.equal(passed + held, all.length);
      assert.ok(passed <= burst + (now / 1000) * perSecond);
    }),
  );
});
