import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, type ObjectKey } from '@mcp-runtime/api';
import { type WorkDone, createWorkQueue } from './work-queue.ts';

const BACKOFF = { initialMs: 1, factor: 2, maxMs: 4 };
const key = (name: string): ObjectKey => ({ namespace: 'n', name });

/** A queue whose work waits until the test lets it go on. */
function openQueue(workers?: number) {
  const started: string[] = [];
  const errors: string[] = [];
  const done: WorkDone['result'][] = [];
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const changed = { notify: () => {} };
  const queue = createWorkQueue({
    work: async ({ name }, signal) => {
      started.push(name);
      const gate = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => gate.reject(new Error('outdated')));
      gates.set(name, gate);
      changed.notify();
      await gate.promise;
    },
    backoff: BACKOFF,
    onError: ({ name }) => void errors.push(name),
    onDone: ({ result }) => {
      done.push(result);
      changed.notify();
    },
    ...(workers === undefined ? {} : { workers }),
  });
  const until = (is: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      changed.notify = () => void (is() && resolve());
      changed.notify();
    });
  return { queue, started, errors, done, gates, until };
}

test('no more keys are worked on at once than there are workers, and the others follow in order', async () => {
  const { queue, started, gates, until } = openQueue(2);
  await using _ = queue;
  for (const name of ['a', 'b', 'c', 'd']) queue.add(key(name));
  await until(() => started.length === 2);
  assert.equal(queue.depth(), 2);
  gates.get('a')?.resolve();
  await until(() => started.length === 3);
  gates.get('b')?.resolve();
  await until(() => started.length === 4);
  assert.deepEqual(started, ['a', 'b', 'c', 'd']);
});

test('a key that is asked for while it is worked on starts over, once', async () => {
  const { queue, started, done, errors, gates, until } = openQueue(1);
  await using _ = queue;
  queue.add(key('a'));
  await until(() => started.length === 1);
  queue.add(key('a'));
  queue.add(key('a'));
  await until(() => started.length === 2);
  gates.get('a')?.resolve();
  await until(() => done.length === 2);
  assert.deepEqual([started, errors, done], [['a', 'a'], [], ['outdated', 'success']]);
});

test('what fails is tried again later and holds up nobody meanwhile', async () => {
  const { queue, started, errors, gates, until } = openQueue(1);
  await using _ = queue;
  queue.add(key('a'));
  queue.add(key('b'));
  await until(() => started.length === 1);
  gates.get('a')?.reject(new Error('failed'));
  await until(() => started.length === 2);
  gates.get('b')?.resolve();
  await until(() => started.length === 3);
  assert.deepEqual([started, errors], [['a', 'b', 'a'], ['a']]);
});

test('what others were quicker at, or a namespace that is ending refuses, is no error, and is tried again', async () => {
  const { queue, started, done, gates, until } = openQueue();
  await using _ = queue;
  queue.add(key('a'));
  await until(() => started.length === 1);
  gates.get('a')?.reject(new AppError('conflict', 'Service `n/a`: its namespace is ending'));
  await until(() => started.length === 2);
  gates.get('a')?.reject(new AppError('forbidden', 'Service `n/a`: no role allows it'));
  await until(() => started.length === 3);
  gates.get('a')?.resolve();
  await until(() => done.length === 3);
  assert.deepEqual(done, ['conflict', 'error', 'success']);
});

test('of several times in the future the earliest counts', async () => {
  const { queue, started, until } = openQueue();
  await using _ = queue;
  queue.addAfter(key('a'), 5);
  queue.addAfter(key('a'), 3_600_000);
  await until(() => started.length === 1);
  assert.deepEqual(started, ['a']);
});
