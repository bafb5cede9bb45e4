import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Schedule } from './schedule.ts';

const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const at = fc.option(fc.nat(20), { nil: undefined });

test('whatever was set and set again, what is due comes out once, earliest first, and the rest stays', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(id, at), { maxLength: 400 }), fc.nat(20), (changes, now) => {
      const schedule = new Schedule();
      for (const [name, time] of changes) schedule.set(name, time);
      const last = new Map<string, number | undefined>(changes);
      const left = [...last].flatMap(([name, time]) => (time === undefined ? [] : [{ name, time }]));
      const due = left.filter(({ time }) => time <= now);
      const taken = schedule.takeDue(now);
      assert.deepEqual(new Set(taken), new Set(due.map(({ name }) => name)));
      assert.equal(taken.length, due.length);
      const times = taken.map((name) => last.get(name) ?? NaN);
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      );
      const rest = left.filter(({ time }) => time > now).map(({ time }) => time);
      assert.equal(schedule.next(), rest.length === 0 ? undefined : Math.min(...rest));
    }),
  );
});

test('a hundred thousand things that are set again and again keep no more than themselves', () => {
  const schedule = new Schedule();
  for (let round = 0; round < 5; round++) {
    for (let index = 0; index < 100_000; index++) schedule.set(`s${index}`, ((index * 7919) % 100_000) + round);
  }
  assert.equal(schedule.takeDue(49_999).length, 49_996);
  assert.equal(schedule.next(), 50_000);
});
