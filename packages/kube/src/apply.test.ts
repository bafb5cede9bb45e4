import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FieldSet } from './fields.ts';
import { type JsonObject, frozenJson, without } from './json.ts';
import { openMemoryStore } from './memory.ts';
import { type ResourceClient } from './port.ts';
import { FIXED_CLOCK } from './testing/stores.ts';
import { type Widget, WIDGETS, aWidget } from './testing/widget.ts';

const field = fc.constantFrom('a', 'b', 'c', '.', 'f:a', '__proto__');
const { options } = fc.letrec<{ options: JsonObject; value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, fc.integer(), fc.constant(null), fc.array(fc.integer()), tie('options')),
  options: fc.dictionary(field, tie('value'), { maxKeys: 4 }),
}));

const apply = async (client: ResourceClient, fieldManager: string, wanted: unknown): Promise<Widget> => {
  const config = frozenJson(aWidget('a', { spec: { size: 1, options: wanted } }));
  return (await client.apply(WIDGETS, config, { fieldManager })).object;
};

/** All but what differs between any two stores. */
const comparable = ({ metadata, spec }: Widget): unknown =>
  frozenJson({ spec, metadata: without(metadata, 'uid', 'resourceVersion', 'generation') });

test('applying the same again changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(options, options, async (first, wanted) => {
      await using store = openMemoryStore({ clock: FIXED_CLOCK });
      await apply(store, 'files', first);
      const applied = await apply(store, 'files', wanted);
      assert.deepEqual(await apply(store, 'files', wanted), applied);
    }),
  );
});

test('what a manager applied before leaves no trace', async () => {
  await fc.assert(
    fc.asyncProperty(options, options, async (first, wanted) => {
      await using used = openMemoryStore({ clock: FIXED_CLOCK });
      await using fresh = openMemoryStore({ clock: FIXED_CLOCK });
      await apply(used, 'files', first);
      assert.deepEqual(comparable(await apply(used, 'files', wanted)), comparable(await apply(fresh, 'files', wanted)));
    }),
  );
});

test('managers of different fields may apply in any order', async () => {
  await fc.assert(
    fc.asyncProperty(options, options, async (left, right) => {
      await using one = openMemoryStore({ clock: FIXED_CLOCK });
      await using other = openMemoryStore({ clock: FIXED_CLOCK });
      await apply(one, 'files', { left });
      await apply(other, 'tuner', { right });
      assert.deepEqual(
        comparable(await apply(one, 'tuner', { right })),
        comparable(await apply(other, 'files', { left })),
      );
    }),
  );
});

test('fields survive being written as fieldsV1', () => {
  fc.assert(
    fc.property(options, options, (first, second) => {
      const fields = FieldSet.leavesOf(frozenJson(first)).union(FieldSet.leavesOf(frozenJson(second)));
      const read = FieldSet.fromFieldsV1(frozenJson(fields.toFieldsV1()));
      assert.deepEqual(new Set([...read].map(String)), new Set([...fields].map(String)));
    }),
  );
});
