import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '@mcp-runtime/api';
import { openMemoryStore } from './memory.ts';
import { type ResourceClient } from './port.ts';
import { FIXED_CLOCK } from './testing/stores.ts';
import { type Widget, WIDGETS, aWidget } from './testing/widget.ts';
import { type StateChange, watchState } from './watch-state.ts';

const text = ({ type, object }: StateChange<Widget>): string => `${type} ${object.metadata.name}`;

test('what is there is reported before it is synced, and what happens then as it happens', async () => {
  await using store = openMemoryStore({ clock: FIXED_CLOCK });
  const stop = new AbortController();
  await store.create(WIDGETS, aWidget('a'));
  const log: string[] = [];
  const view = watchState(store, WIDGETS, {
    signal: stop.signal,
    onChange: (change) => log.push(text(change)),
    onSynced: () => log.push('synced'),
  });
  await view.synced;
  const b = await store.create(WIDGETS, aWidget('b'));
  await store.update(WIDGETS, { ...b, spec: { ...b.spec, size: 2 } });
  assert.equal(view.get(b.metadata)?.spec.size, 2);
  await store.delete(WIDGETS, b.metadata);
  stop.abort();
  await store.create(WIDGETS, aWidget('unseen'));
  assert.deepEqual(log, ['added a', 'synced', 'added b', 'modified b', 'deleted b']);
  assert.deepEqual(
    view.all().map(({ metadata }) => metadata.name),
    ['a'],
  );
});

test('after the version has expired it lists again and reports what it missed', async () => {
  await using store = openMemoryStore({ clock: FIXED_CLOCK });
  const stop = new AbortController();
  const a = await store.create(WIDGETS, aWidget('a'));
  await store.create(WIDGETS, aWidget('kept'));
  const flaky = firstWatchFails(store, async () => {
    await store.delete(WIDGETS, a.metadata);
    await store.create(WIDGETS, aWidget('b'));
    return new AppError('resource_version_expired', 'too old');
  });
  const log: string[] = [];
  const recovered = Promise.withResolvers<void>();
  watchState(flaky, WIDGETS, {
    signal: stop.signal,
    onChange: (change) => {
      log.push(text(change));
      if (text(change) === 'added b') recovered.resolve();
    },
    onError: (error) => assert.fail(error),
  });
  await recovered.promise;
  stop.abort();
  assert.deepEqual(log, ['added a', 'added kept', 'deleted a', 'added b']);
});

test('a failure is reported and tried again', async () => {
  await using store = openMemoryStore({ clock: FIXED_CLOCK });
  const stop = new AbortController();
  await store.create(WIDGETS, aWidget('a'));
  const codes: string[] = [];
  let lists = 0;
  const flaky: ResourceClient = {
    ...store,
    list: (type, options) => {
      lists += 1;
      if (lists === 1) return Promise.reject(new AppError('upstream_unavailable', 'no connection'));
      return store.list(type, options);
    },
  };
  const view = watchState(flaky, WIDGETS, {
    signal: stop.signal,
    onChange: () => assert.fail('a bug of the caller'),
    onError: ({ code }) => codes.push(code),
  });
  await view.synced;
  stop.abort();
  assert.deepEqual(codes, ['upstream_unavailable', 'internal']);
  assert.equal(view.all().length, 1);
});

test('it is never synced when it was stopped before', async () => {
  await using store = openMemoryStore({ clock: FIXED_CLOCK });
  const view = watchState(store, WIDGETS, { signal: AbortSignal.abort(), onChange: () => {} });
  await assert.rejects(view.synced, { code: 'canceled' });
});

function firstWatchFails(store: ResourceClient, fail: () => Promise<AppError>): ResourceClient {
  let watches = 0;
  return {
    ...store,
    watch: (type, options) => {
      watches += 1;
      if (watches > 1) store.watch(type, options);
      else void fail().then((error) => options.onError(error));
    },
  };
}
