import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OperatorSettings } from '@mcp-runtime/operator/cluster';
import fc from 'fast-check';
import { parse } from 'yaml';
import { isMap, jsonPatch } from './json-patch.ts';
import { OVERLAYS } from './overlays.ts';
import { renderParts } from './render.ts';
import { type Json } from './setting.ts';

const INSTALLS = {
  base: {},
  ...Object.fromEntries(Object.entries(OVERLAYS).map(([name, { values }]) => [name, values])),
};

for (const [name, values] of Object.entries(INSTALLS)) {
  const objects = renderParts(values).flatMap((part) => part.objects);

  test(`${name}: the operator takes its settings`, () => {
    const config = objects.flatMap((object) => at(object, 'data', 'operator.yaml') ?? []);
    assert.equal(config.length, 1);
    const settings = parse(typeof config[0] === 'string' ? config[0] : '');
    OperatorSettings.parse({ images: { runtime: 'given by a flag' }, ...settings });
  });

  test(`${name}: no object is there twice`, () => {
    const ids = objects.map((object) =>
      JSON.stringify([['kind'], ['metadata', 'namespace'], ['metadata', 'name']].map((path) => at(object, ...path))),
    );
    assert.equal(new Set(ids).size, ids.length);
  });
}

test('other settings are other pods of the operator', () => {
  const operator = (settings: Json): Json | undefined =>
    renderParts({ settings })
      .flatMap((part) => part.objects)
      .filter(
        (object) => at(object, 'kind') === 'Deployment' && at(object, 'metadata', 'name') === 'mcp-runtime-operator',
      )
      .map((object) => at(object, 'spec', 'template') ?? null)[0];
  assert.deepEqual(operator({ ingress: { kind: 'none' } }), operator({ ingress: { kind: 'none' } }));
  assert.notDeepEqual(operator({ ingress: { kind: 'none' } }), operator({ ingress: { kind: 'ingress' } }));
});

test('a patch makes one document of another', () => {
  const documents = fc.object({
    maxDepth: 3,
    withNullPrototype: false,
    key: fc.string().filter((key) => key !== '__proto__'),
    values: [fc.integer(), fc.string(), fc.boolean()],
  });
  fc.assert(
    fc.property(documents, documents, (from, to) => {
      const [before, after]: readonly Json[] = [JSON.parse(JSON.stringify(from)), JSON.parse(JSON.stringify(to))];
      assert.deepEqual(apply(before ?? null, jsonPatch(before ?? null, after ?? null)), after);
    }),
  );
});

/** RFC 6902, the three operations that are made. */
function apply(document: Json, patch: ReturnType<typeof jsonPatch>): Json {
  return patch.reduce((current, { op, path, value = null }) => {
    if (path === '') return value;
    const steps = path
      .slice(1)
      .split('/')
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    return changed(current, steps, op === 'remove' ? undefined : value);
  }, document);
}

function changed(node: Json, [step = '', ...rest]: readonly string[], value: Json | undefined): Json {
  if (Array.isArray(node))
    return node.map((item: Json, index) =>
      String(index) !== step ? item : rest.length === 0 ? (value ?? null) : changed(item, rest, value),
    );
  if (!isMap(node)) throw new TypeError(`nothing at ${step}`);
  const next = rest.length === 0 ? value : changed(node[step] ?? null, rest, value);
  const { [step]: _, ...others } = node;
  return next === undefined ? others : { ...others, [step]: next };
}

function at(node: Json, ...path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>(
    (current, step) => (current !== undefined && isMap(current) ? current[step] : undefined),
    node,
  );
}
