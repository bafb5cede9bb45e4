import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { keyOf } from '@mcp-runtime/api';
import { type ContractCases, type Subject } from '../contract.ts';
import { watchWidgets } from './watching.ts';
import { aWidget, WIDGETS, type Widget } from './widget.ts';

export const DELETION_CASES: ContractCases = {
  'delete removes an object, says when there is none, and heeds its preconditions': async ({ client, namespace }) => {
    const created = await client.create(WIDGETS, aWidget('a', { namespace }));
    const key = keyOf(created);
    await assert.rejects(client.delete(WIDGETS, key, { uid: randomUUID() }), { code: 'conflict' });
    const updated = await client.update(WIDGETS, { ...created, spec: { ...created.spec, size: 2 } });
    const stale = created.metadata.resourceVersion ?? '';
    await assert.rejects(client.delete(WIDGETS, key, { resourceVersion: stale }), { code: 'conflict' });
    const current = { resourceVersion: updated.metadata.resourceVersion ?? '', uid: updated.metadata.uid ?? '' };
    assert.equal(await client.delete(WIDGETS, key, current), 'deleted');
    assert.equal(await client.get(WIDGETS, key), undefined);
    assert.equal(await client.delete(WIDGETS, key), 'absent');
  },

  'finalizers hold a deleted object until the last one is removed, and none can be added': async ({
    client,
    namespace,
  }) => {
    const created = await client.create(WIDGETS, aWidget('a', { namespace, finalizers: ['test.org/one'] }));
    const key = keyOf(created);
    const stop = new AbortController();
    const resourceVersion = created.metadata.resourceVersion ?? '';
    const seen = watchWidgets(client, { resourceVersion, namespace, signal: stop.signal });
    assert.equal(await client.delete(WIDGETS, key), 'deleting');
    assert.equal(await client.delete(WIDGETS, key), 'deleting');
    const deleting = await client.get(WIDGETS, key);
    assert.ok(deleting);
    assert.notEqual(deleting.metadata.deletionTimestamp, undefined);
    assert.equal(deleting.metadata.generation, 2);
    const finalizers = ['test.org/one', 'test.org/two'];
    const held = { ...deleting, metadata: { ...deleting.metadata, finalizers } };
    await assert.rejects(client.update(WIDGETS, held), { code: 'invalid_resource' });
    await client.update(WIDGETS, { ...deleting, metadata: { ...deleting.metadata, finalizers: [] } });
    await seen.until('deleted a');
    stop.abort();
    assert.deepEqual(seen.events, ['modified a', 'deleted a']);
    assert.equal(await client.get(WIDGETS, key), undefined);
  },
};

export const GARBAGE_CASES: ContractCases = {
  'dependents go with their owner, and theirs with them': async ({ client, namespace }) => {
    const owner = await client.create(WIDGETS, aWidget('owner', { namespace }));
    const child = await client.create(WIDGETS, aWidget('child', { namespace, owner }));
    await client.create(WIDGETS, aWidget('grandchild', { namespace, owner: child }));
    const other = await client.create(WIDGETS, aWidget('other', { namespace }));
    const stop = new AbortController();
    const resourceVersion = other.metadata.resourceVersion ?? '';
    const seen = watchWidgets(client, { resourceVersion, namespace, signal: stop.signal });
    await client.delete(WIDGETS, keyOf(owner));
    await seen.until('deleted grandchild');
    stop.abort();
    const { items } = await client.list(WIDGETS, { namespace });
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ['other'],
    );
  },

  'a dependent outlives an owner while it has another, and waits for its own finalizers': async ({
    client,
    namespace,
  }) => {
    const first = await client.create(WIDGETS, aWidget('first', { namespace }));
    const second = await client.create(WIDGETS, aWidget('second', { namespace }));
    const references = [first, second].flatMap((owner) => aWidget('x', { owner }).metadata.ownerReferences ?? []);
    const shared = aWidget('shared', { namespace, finalizers: ['test.org/hold'] });
    shared.metadata.ownerReferences = references;
    const { metadata } = await client.create(WIDGETS, shared);
    const stop = new AbortController();
    const resourceVersion = metadata.resourceVersion ?? '';
    const seen = watchWidgets(client, { resourceVersion, namespace, signal: stop.signal });
    await client.delete(WIDGETS, keyOf(first));
    await seen.until('modified shared');
    const orphaned = await client.get(WIDGETS, keyOf({ metadata }));
    assert.deepEqual(
      orphaned?.metadata.ownerReferences?.map(({ name }) => name),
      ['second'],
    );
    assert.equal(orphaned.metadata.deletionTimestamp, undefined);
    await client.delete(WIDGETS, keyOf(second));
    await seen.until('deleted second');
    const held = await deletingWidget({ client, namespace }, 'shared');
    await client.update(WIDGETS, { ...held, metadata: { ...held.metadata, finalizers: [] } });
    await seen.until('deleted shared');
    stop.abort();
  },

  'an object whose owner is gone already is collected': async ({ client, namespace }) => {
    const owner = await client.create(WIDGETS, aWidget('owner', { namespace }));
    await client.delete(WIDGETS, keyOf(owner));
    const { resourceVersion } = await client.list(WIDGETS, { namespace });
    const stop = new AbortController();
    const seen = watchWidgets(client, { resourceVersion, namespace, signal: stop.signal });
    await client.create(WIDGETS, aWidget('late', { namespace, owner }));
    await seen.until('deleted late');
    stop.abort();
  },
};

/** Waits for the deletion to begin: the garbage collector of a cluster works on its own time. */
async function deletingWidget({ client, namespace }: Subject, name: string): Promise<Widget> {
  for (;;) {
    const found = await client.get(WIDGETS, { namespace, name });
    assert.ok(found);
    if (found.metadata.deletionTimestamp !== undefined) return found;
  }
}
