import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type PacedQueueOptions, createPacedQueue } from './paced-queue.ts';

const CALM: Omit<PacedQueueOptions, 'decide'> = {
  writesPerSecond: 1_000_000,
  concurrency: 2,
  backoff: { initialMs: 1, factor: 1, maxMs: 1 },
  onError: (_, error) => assert.fail(String(error)),
};

async function emptied(queue: { size(): number }): Promise<void> {
  while (queue.size() > 0) await delay(1);
}

test('what is urgent goes first, and nothing goes twice', async () => {
  const looked: string[] = [];
  await using queue = createPacedQueue({ ...CALM, decide: (id) => void looked.push(id) });
  queue.add('old', 'backlog');
  queue.add('new', 'backlog');
  queue.add('now', 'urgent');
  queue.add('new', 'urgent');
  queue.add('now', 'backlog');
  await emptied(queue);
  assert.deepEqual(looked, ['now', 'new', 'old']);
});

test('no more is written at once than allowed, and everything in the end', async () => {
  let running = 0;
  let most = 0;
  let done = 0;
  const write = async (): Promise<void> => {
    most = Math.max(most, ++running);
    await delay(1);
    running -= 1;
    done += 1;
  };
  await using queue = createPacedQueue({ ...CALM, decide: () => write });
  for (let index = 0; index < 50; index++) queue.add(`${index}`, 'backlog');
  await emptied(queue);
  assert.deepEqual([most, done], [2, 50]);
});

test('a write that fails is tried again after a pause, one that cannot be decided is told and left', async () => {
  const errors: string[] = [];
  let attempts = 0;
  const write = async (): Promise<void> => {
    if (++attempts < 3) throw new Error('away');
  };
  await using queue = createPacedQueue({
    ...CALM,
    decide: (id) => (id === 'odd' ? assert.fail('odd') : write),
    onError: (id, error) => errors.push(`${id}: ${error instanceof Error ? error.message : ''}`),
  });
  queue.add('odd', 'urgent');
  queue.add('one', 'urgent');
  await emptied(queue);
  assert.equal(attempts, 3);
  assert.deepEqual(errors, ['odd: odd', 'one: away', 'one: away']);
});

test('writes beyond a second’s worth wait their turn', async () => {
  let writes = 0;
  const burst = Promise.withResolvers<void>();
  const write = async (): Promise<void> => {
    if (++writes === 5) burst.resolve();
  };
  const queue = createPacedQueue({ ...CALM, writesPerSecond: 5, decide: () => write });
  for (let index = 0; index < 100; index++) queue.add(`${index}`, 'backlog');
  await burst.promise;
  await queue.close();
  assert.ok(writes < 100, `${writes} writes`);
});
