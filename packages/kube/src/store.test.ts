import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resourceClientContract } from './contract.ts';
import { FIXED_CLOCK, memorySubject, sqliteSubject } from './testing/stores.ts';
import { openMemoryStore } from './memory.ts';
import { watchWidgets } from './testing/watching.ts';
import { WIDGETS, aWidget } from './testing/widget.ts';

resourceClientContract('memory', memorySubject);
resourceClientContract('sqlite', sqliteSubject);

test('a watcher hears of a write before the write resolves, all that follows from it included', async () => {
  await using store = openMemoryStore({ clock: FIXED_CLOCK });
  const owner = await store.create(WIDGETS, aWidget('owner'));
  await store.create(WIDGETS, aWidget('child', { owner }));
  const { resourceVersion } = await store.list(WIDGETS);
  const seen = watchWidgets(store, { resourceVersion, signal: new AbortController().signal });
  const deleting = store.delete(WIDGETS, owner.metadata);
  assert.deepEqual(seen.events, ['deleted owner', 'deleted child']);
  await deleting;
});

test('versions count up over the whole store', async () => {
  await using store = openMemoryStore({ clock: FIXED_CLOCK });
  const versions = [];
  for (const name of ['a', 'b', 'c']) {
    versions.push(Number((await store.create(WIDGETS, aWidget(name))).metadata.resourceVersion));
  }
  assert.deepEqual(
    versions,
    versions.toSorted((a, b) => a - b),
  );
  assert.equal((await store.list(WIDGETS)).resourceVersion, String(versions.at(-1)));
});

test('a watcher that throws ends alone and is told so', async () => {
  await using store = openMemoryStore({ clock: FIXED_CLOCK });
  const { signal } = new AbortController();
  const { resourceVersion } = await store.list(WIDGETS);
  const errors: unknown[] = [];
  store.watch(WIDGETS, {
    resourceVersion,
    signal,
    on: () => assert.fail('a bug of the watcher'),
    onError: (error) => {
      errors.push(error.code);
      throw error;
    },
  });
  const other = watchWidgets(store, { resourceVersion, signal });
  await store.create(WIDGETS, aWidget('a'));
  await store.create(WIDGETS, aWidget('b'));
  assert.deepEqual(errors, ['internal']);
  assert.deepEqual(other.events, ['added a', 'added b']);
});

test('a watcher may write: every watcher sees both writes in order', async () => {
  await using store = openMemoryStore({ clock: FIXED_CLOCK });
  const { signal } = new AbortController();
  const { resourceVersion } = await store.list(WIDGETS);
  const writes: Promise<unknown>[] = [];
  const own: string[] = [];
  store.watch(WIDGETS, {
    resourceVersion,
    signal,
    on: (event) => {
      if (event.type === 'bookmark' || event.type === 'refused') return;
      if (own.length === 0) writes.push(store.create(WIDGETS, aWidget('second')));
      own.push(event.object.metadata.name);
    },
    onError: (error) => assert.fail(error),
  });
  const other = watchWidgets(store, { resourceVersion, signal });
  await store.create(WIDGETS, aWidget('first'));
  await Promise.all(writes);
  assert.deepEqual(own, ['first', 'second']);
  assert.deepEqual(other.events, ['added first', 'added second']);
});

test('a watch from a version that the store has not reached is told to list again', async () => {
  await using store = openMemoryStore({ clock: FIXED_CLOCK });
  const seen = watchWidgets(store, { resourceVersion: '99', signal: new AbortController().signal });
  assert.deepEqual(
    seen.errors.map(({ code }) => code),
    ['resource_version_expired'],
  );
});

test('a closed store refuses to work and ends its watches', async () => {
  const store = openMemoryStore({ clock: FIXED_CLOCK });
  const { resourceVersion } = await store.list(WIDGETS);
  await store.close();
  await store.close();
  await assert.rejects(store.create(WIDGETS, aWidget('a')), { code: 'service_unavailable' });
  await assert.rejects(store.list(WIDGETS), { code: 'service_unavailable' });
  const seen = watchWidgets(store, { resourceVersion, signal: new AbortController().signal });
  assert.deepEqual(
    seen.errors.map(({ code }) => code),
    ['service_unavailable'],
  );
});
