import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { keyOf } from '@mcp-runtime/api';
import { type ContractCases } from '../contract.ts';
import { type ResourceClient } from '../port.ts';
import { aWidget, WIDGETS } from './widget.ts';

export const WRITE_CASES: ContractCases = {
  'a new object gets uid, version, generation, creation time and the defaults of its schema': async ({
    client,
    namespace,
  }) => {
    const { metadata, spec, status } = await client.create(
      WIDGETS,
      aWidget('a', { namespace, status: { phase: 'x' } }),
    );
    assert.match(metadata.uid ?? '', /^[0-9a-f-]{36}$/);
    assert.match(metadata.creationTimestamp ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.notEqual(metadata.resourceVersion, undefined);
    assert.equal(metadata.generation, 1);
    assert.deepEqual(spec, { size: 1, color: 'red' });
    assert.equal(status, undefined);
    assert.deepEqual((await client.get(WIDGETS, { namespace, name: 'a' }))?.spec, spec);
  },

  'refuses what is invalid, a second object of a name, and a version on a new object': async ({
    client,
    namespace,
  }) => {
    await client.create(WIDGETS, aWidget('a', { namespace }));
    await assert.rejects(client.create(WIDGETS, aWidget('a', { namespace })), { code: 'already_exists' });
    const invalid = aWidget('b', { namespace, spec: { size: 'large' } });
    await assert.rejects(client.create(WIDGETS, invalid), { code: 'invalid_resource' });
    const otherKind = { ...aWidget('b', { namespace }), kind: 'Gadget' };
    await assert.rejects(client.create(WIDGETS, otherKind), { code: 'invalid_resource' });
    const { metadata, ...rest } = aWidget('b', { namespace });
    const versioned = { ...rest, metadata: { ...metadata, resourceVersion: '1' } };
    await assert.rejects(client.create(WIDGETS, versioned), { code: 'invalid_resource' });
    assert.equal(await client.get(WIDGETS, { namespace, name: 'b' }), undefined);
  },

  'an update bumps the generation when the spec changes, and not for labels': async ({ client, namespace }) => {
    const created = await client.create(WIDGETS, aWidget('a', { namespace }));
    const labelled = await client.update(WIDGETS, {
      ...created,
      metadata: { ...created.metadata, labels: { tier: 'one' } },
    });
    assert.equal(labelled.metadata.generation, 1);
    const resized = await client.update(WIDGETS, { ...labelled, spec: { ...labelled.spec, size: 2 } });
    assert.equal(resized.metadata.generation, 2);
    assert.equal(resized.metadata.uid, created.metadata.uid);
    assert.equal(resized.metadata.creationTimestamp, created.metadata.creationTimestamp);
    assert.notEqual(resized.metadata.resourceVersion, labelled.metadata.resourceVersion);
    assert.deepEqual(resized.metadata.labels, { tier: 'one' });
  },

  'an update that changes nothing keeps the version': async ({ client, namespace }) => {
    const created = await client.create(WIDGETS, aWidget('a', { namespace }));
    assert.deepEqual(await client.update(WIDGETS, created), created);
    assert.deepEqual(await client.updateStatus(WIDGETS, created), created);
  },

  'an update conflicts when the object was changed or replaced since, and needs to say what it read': async ({
    client,
    namespace,
  }) => {
    const created = await client.create(WIDGETS, aWidget('a', { namespace }));
    const updated = await client.update(WIDGETS, { ...created, spec: { ...created.spec, size: 2 } });
    const stale = { ...created, spec: { ...created.spec, size: 3 } };
    await assert.rejects(client.update(WIDGETS, stale), { code: 'conflict' });
    await assert.rejects(client.updateStatus(WIDGETS, { ...created, status: {} }), { code: 'conflict' });
    const { resourceVersion: _, ...metadata } = updated.metadata;
    await assert.rejects(client.update(WIDGETS, { ...stale, metadata }), { code: 'invalid_resource' });
    const replaced = { ...updated, metadata: { ...updated.metadata, uid: randomUUID() } };
    await assert.rejects(client.update(WIDGETS, replaced), { code: 'conflict' });
    await client.delete(WIDGETS, keyOf(created));
    await assert.rejects(client.update(WIDGETS, updated), { code: 'not_found' });
  },

  'status is written by updateStatus alone, which writes nothing else': async ({ client, namespace }) => {
    const created = await client.create(WIDGETS, aWidget('a', { namespace }));
    const reported = await client.updateStatus(WIDGETS, {
      ...created,
      spec: { ...created.spec, size: 9 },
      status: { phase: 'Ready' },
    });
    assert.deepEqual(reported.status, { phase: 'Ready' });
    assert.deepEqual(reported.spec, created.spec);
    assert.equal(reported.metadata.generation, 1);
    const resized = await client.update(WIDGETS, { ...reported, spec: { ...created.spec, size: 2 }, status: {} });
    assert.deepEqual(resized.status, { phase: 'Ready' });
  },

  'a dry run answers as the write would and leaves everything as it is': async ({ client, namespace }) => {
    const dryRun = 'dry-run';
    const planned = await client.create(WIDGETS, aWidget('a', { namespace }), { dryRun });
    assert.equal(planned.spec.color, 'red');
    assert.equal(await client.get(WIDGETS, keyOf(planned)), undefined);
    const created = await client.create(WIDGETS, aWidget('a', { namespace }));
    const resized = { ...created, spec: { ...created.spec, size: 2 } };
    assert.equal((await client.update(WIDGETS, resized, { dryRun })).metadata.generation, 2);
    await client.delete(WIDGETS, keyOf(created), { dryRun });
    assert.deepEqual(await client.get(WIDGETS, keyOf(created)), created);
  },

  'a list is sorted and can be narrowed by namespace, name and labels': async ({ client, namespace }) => {
    await client.create(WIDGETS, aWidget('b', { namespace, labels: { tier: 'one', zone: 'x' } }));
    await client.create(WIDGETS, aWidget('a', { namespace, labels: { tier: 'one' } }));
    await client.create(WIDGETS, aWidget('a-c', { namespace }));
    const names = async (options: Parameters<ResourceClient['list']>[1]): Promise<readonly string[]> =>
      (await client.list(WIDGETS, options)).items.map(({ metadata }) => metadata.name);
    assert.deepEqual(await names({ namespace }), ['a', 'a-c', 'b']);
    assert.deepEqual(await names({ namespace, labels: { tier: 'one' } }), ['a', 'b']);
    assert.deepEqual(await names({ namespace, labels: { tier: 'one', zone: 'x' } }), ['b']);
    assert.deepEqual(await names({ namespace, name: 'a-c' }), ['a-c']);
    assert.deepEqual(await names({ namespace: 'nobody-lives-here' }), []);
  },

  'changing what was passed or returned changes nothing in the store': async ({ client, namespace }) => {
    const options = { depth: { value: 1 } };
    const created = await client.create(WIDGETS, aWidget('a', { namespace, spec: { size: 1, options } }));
    options.depth.value = 2;
    const returned = created.spec.options?.['depth'];
    assert.throws(() => Object.assign(returned ?? {}, { value: 3 }), TypeError);
    const kept = await client.get(WIDGETS, keyOf(created));
    assert.deepEqual(kept?.spec.options, { depth: { value: 1 } });
  },
};
