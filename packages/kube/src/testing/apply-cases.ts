import assert from 'node:assert/strict';
import { keyOf } from '@mcp-runtime/api';
import { type ContractCases } from '../contract.ts';
import { aWidget, WIDGETS } from './widget.ts';

const files = { fieldManager: 'files' };
const tuner = { fieldManager: 'tuner' };

export const APPLY_CASES: ContractCases = {
  'apply creates, configures, and leaves alone what is already so': async ({ client, namespace }) => {
    const config = aWidget('a', { namespace, labels: { tier: 'one' }, status: { phase: 'x' } });
    const created = await client.apply(WIDGETS, config, files);
    assert.equal(created.action, 'created');
    assert.equal(created.object.status, undefined);
    const again = await client.apply(WIDGETS, config, files);
    assert.equal(again.action, 'unchanged');
    assert.deepEqual(again.object, created.object);
    const resized = await client.apply(WIDGETS, { ...config, spec: { size: 2 } }, files);
    assert.equal(resized.action, 'configured');
    assert.equal(resized.object.metadata.generation, 2);
    assert.deepEqual(resized.object.spec, { size: 2, color: 'red' });
  },

  'a field that its manager no longer sends is removed, or takes its default again': async ({ client, namespace }) => {
    const spec = { size: 1, color: 'blue', tags: ['x'], options: { nested: { deep: 1 }, kept: 2 } };
    await client.apply(WIDGETS, aWidget('a', { namespace, spec, labels: { tier: 'one' } }), files);
    const { object } = await client.apply(
      WIDGETS,
      aWidget('a', { namespace, spec: { size: 1, options: { kept: 2 } } }),
      files,
    );
    assert.deepEqual(object.spec, { size: 1, color: 'red', options: { kept: 2 } });
    assert.equal(object.metadata.labels, undefined);
  },

  'an object that nobody owns any more goes with the defaults inside it': async ({ client, namespace }) => {
    const spec = { size: 1, part: { name: 'wheel' } };
    const { object } = await client.apply(WIDGETS, aWidget('a', { namespace, spec }), files);
    assert.deepEqual(object.spec.part, { name: 'wheel', count: 1 });
    const left = await client.apply(WIDGETS, aWidget('a', { namespace }), files);
    assert.deepEqual(left.object.spec, { size: 1, color: 'red' });
  },

  'managers own their own fields of one object': async ({ client, namespace }) => {
    await client.apply(WIDGETS, aWidget('a', { namespace, spec: { size: 1, options: { a: 1 } } }), files);
    const part = aWidget('a', { namespace, spec: { options: { b: 2 } }, labels: { tier: 'one' } });
    const { object } = await client.apply(WIDGETS, part, tuner);
    assert.deepEqual(object.spec.options, { a: 1, b: 2 });
    assert.deepEqual(
      object.metadata.managedFields?.map(({ manager, operation, fieldsV1 }) => ({ manager, operation, fieldsV1 })),
      [
        {
          manager: 'files',
          operation: 'Apply',
          fieldsV1: { 'f:spec': { 'f:options': { 'f:a': {} }, 'f:size': {} } },
        },
        {
          manager: 'tuner',
          operation: 'Apply',
          fieldsV1: {
            'f:metadata': { 'f:labels': { 'f:tier': {} } },
            'f:spec': { 'f:options': { 'f:b': {} } },
          },
        },
      ],
    );
    const left = await client.apply(WIDGETS, aWidget('a', { namespace, spec: { size: 1 } }), files);
    assert.deepEqual(left.object.spec.options, { b: 2 });
    assert.deepEqual(left.object.metadata.labels, { tier: 'one' });
  },

  'another value for a field of another manager conflicts, unless it is forced': async ({ client, namespace }) => {
    const blue = aWidget('a', { namespace, spec: { size: 1, color: 'blue' } });
    await client.apply(WIDGETS, blue, files);
    const green = aWidget('a', { namespace, spec: { color: 'green' } });
    await assert.rejects(client.apply(WIDGETS, green, tuner), { code: 'conflict', message: /\.spec\.color.*files/ });
    const forced = await client.apply(WIDGETS, green, { ...tuner, force: 'force' });
    assert.equal(forced.object.spec.color, 'green');
    await assert.rejects(client.apply(WIDGETS, blue, files), { code: 'conflict', message: /\.spec\.color.*tuner/ });
    const given = await client.apply(WIDGETS, aWidget('a', { namespace }), files);
    assert.equal(given.object.spec.color, 'green');
  },

  'a value that two managers agree on stays until both have let go of it': async ({ client, namespace }) => {
    const blue = aWidget('a', { namespace, spec: { size: 1, color: 'blue' } });
    await client.apply(WIDGETS, blue, files);
    await client.apply(WIDGETS, aWidget('a', { namespace, spec: { color: 'blue' } }), tuner);
    const one = await client.apply(WIDGETS, aWidget('a', { namespace }), files);
    assert.equal(one.object.spec.color, 'blue');
    const none = await client.apply(WIDGETS, aWidget('a', { namespace, spec: {} }), tuner);
    assert.equal(none.object.spec.color, 'red');
  },

  'an update takes over what it changes': async ({ client, namespace }) => {
    const blue = aWidget('a', { namespace, spec: { size: 1, color: 'blue' } });
    const { object } = await client.apply(WIDGETS, blue, files);
    await client.update(WIDGETS, { ...object, spec: { ...object.spec, color: 'green' } }, { fieldManager: 'console' });
    await assert.rejects(client.apply(WIDGETS, blue, files), { code: 'conflict', message: /\.spec\.color.*console/ });
    const { object: kept } = await client.apply(WIDGETS, aWidget('a', { namespace }), files);
    assert.deepEqual(kept.spec, { size: 1, color: 'green' });
  },

  'apply leaves the status to its writer, and heeds a version when it is given one': async ({ client, namespace }) => {
    const config = aWidget('a', { namespace });
    const { object } = await client.apply(WIDGETS, config, files);
    const reported = await client.updateStatus(
      WIDGETS,
      { ...object, status: { phase: 'Ready' } },
      { fieldManager: 'operator' },
    );
    const { action } = await client.apply(WIDGETS, config, files);
    assert.equal(action, 'unchanged');
    assert.deepEqual(await client.get(WIDGETS, keyOf(object)), reported);
    const { resourceVersion } = object.metadata;
    const stale = { ...config, metadata: { ...config.metadata, resourceVersion }, spec: { size: 2 } };
    await assert.rejects(client.apply(WIDGETS, stale, files), { code: 'conflict' });
  },

  'a dry run of apply tells what would happen': async ({ client, namespace }) => {
    const config = aWidget('a', { namespace });
    const planned = await client.apply(WIDGETS, config, { ...files, dryRun: 'dry-run' });
    assert.equal(planned.action, 'created');
    assert.equal(await client.get(WIDGETS, keyOf(planned.object)), undefined);
  },

  'apply refuses what is no object of the kind, or is not valid once merged': async ({ client, namespace }) => {
    const refused = { code: 'invalid_resource' };
    await assert.rejects(client.apply(WIDGETS, 'widget', files), refused);
    await assert.rejects(client.apply(WIDGETS, { ...aWidget('a', { namespace }), kind: 'Gadget' }, files), refused);
    await assert.rejects(client.apply(WIDGETS, aWidget('Not A Name', { namespace }), files), refused);
    await assert.rejects(client.apply(WIDGETS, aWidget('a', { namespace, spec: { color: 'red' } }), files), refused);
    assert.equal(await client.get(WIDGETS, { namespace, name: 'a' }), undefined);
  },
};
