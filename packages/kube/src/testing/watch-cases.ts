import assert from 'node:assert/strict';
import { keyOf } from '@mcp-runtime/api';
import { type ContractCases } from '../contract.ts';
import { watchWidgets } from './watching.ts';
import { aWidget, WIDGETS } from './widget.ts';

export const WATCH_CASES: ContractCases = {
  'a watch reports what happens after the list, in order, and nothing for a write that changes nothing': async ({
    client,
    namespace,
  }) => {
    await client.create(WIDGETS, aWidget('before', { namespace }));
    const { resourceVersion } = await client.list(WIDGETS, { namespace });
    const created = await client.create(WIDGETS, aWidget('a', { namespace }));
    const stop = new AbortController();
    const seen = watchWidgets(client, { resourceVersion, namespace, signal: stop.signal });
    const resized = await client.update(WIDGETS, { ...created, spec: { ...created.spec, size: 2 } });
    await client.update(WIDGETS, resized);
    await client.updateStatus(WIDGETS, { ...resized, status: { phase: 'Ready' } });
    await client.delete(WIDGETS, keyOf(created));
    await seen.until('deleted a');
    stop.abort();
    assert.deepEqual(seen.events, ['added a', 'modified a', 'modified a', 'deleted a']);
    assert.deepEqual(seen.objects[1], resized);
    assert.deepEqual(seen.objects[3]?.status, { phase: 'Ready' });
    assert.deepEqual(seen.errors, []);
  },

  'a watch goes on from the version of any object that it reported': async ({ client, namespace }) => {
    const first = await client.create(WIDGETS, aWidget('a', { namespace }));
    await client.create(WIDGETS, aWidget('b', { namespace }));
    await client.create(WIDGETS, aWidget('c', { namespace }));
    const stop = new AbortController();
    const resourceVersion = first.metadata.resourceVersion ?? '';
    const seen = watchWidgets(client, { resourceVersion, namespace, signal: stop.signal });
    await seen.until('added c');
    stop.abort();
    assert.deepEqual(seen.events, ['added b', 'added c']);
  },

  'a watch by labels sees objects come and go, and one by name only its object': async ({ client, namespace }) => {
    const { resourceVersion } = await client.list(WIDGETS, { namespace });
    const stop = new AbortController();
    const from = { resourceVersion, namespace, signal: stop.signal };
    const labelled = watchWidgets(client, { ...from, labels: { tier: 'one' } });
    const named = watchWidgets(client, { ...from, name: 'b' });
    const labels = { tier: 'one' };
    await client.create(WIDGETS, aWidget('never', { namespace }));
    const created = await client.create(WIDGETS, aWidget('a', { namespace }));
    const chosen = await client.update(WIDGETS, { ...created, metadata: { ...created.metadata, labels } });
    const resized = await client.update(WIDGETS, { ...chosen, spec: { ...chosen.spec, size: 2 } });
    const { labels: _, ...unlabelled } = resized.metadata;
    await client.update(WIDGETS, { ...resized, metadata: unlabelled });
    const other = await client.create(WIDGETS, aWidget('b', { namespace, labels }));
    await client.delete(WIDGETS, keyOf(other));
    await Promise.all([labelled.until('deleted b'), named.until('deleted b')]);
    assert.deepEqual(labelled.events, ['added a', 'modified a', 'deleted a', 'added b', 'deleted b']);
    assert.deepEqual(named.events, ['added b', 'deleted b']);
    const late = watchWidgets(client, { ...from, resourceVersion: chosen.metadata.resourceVersion ?? '', labels });
    await late.until('deleted b');
    stop.abort();
    assert.deepEqual(late.events, ['modified a', 'deleted a', 'added b', 'deleted b']);
  },

  'a watch ends with its signal': async ({ client, namespace }) => {
    const { resourceVersion } = await client.list(WIDGETS, { namespace });
    const [stop, end] = [new AbortController(), new AbortController()];
    const stopped = watchWidgets(client, { resourceVersion, namespace, signal: stop.signal });
    const going = watchWidgets(client, { resourceVersion, namespace, signal: end.signal });
    stop.abort();
    await client.create(WIDGETS, aWidget('a', { namespace }));
    await going.until('added a');
    end.abort();
    assert.deepEqual(stopped.events, []);
    assert.deepEqual(stopped.errors, []);
  },
};
