import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { crdFiles } from './crds.ts';

for (const [path, make] of Object.entries(crdFiles)) {
  test(`${path} is structural`, () => {
    const { openAPIV3Schema } = parse(make()).spec.versions[0].schema;
    assert.deepEqual(faultsOf(openAPIV3Schema, ''), []);
  });
}

for (const [path, make] of Object.entries(crdFiles)) {
  test(`${path} says of every field what it is`, () => {
    const { spec, status } = parse(make()).spec.versions[0].schema.openAPIV3Schema.properties;
    assert.deepEqual([...silentFields(spec, 'spec'), ...silentFields(status, 'status')], []);
  });
}

/** Fields without a description, the node itself included. */
function silentFields(node: Readonly<Record<string, unknown>>, path: string): readonly string[] {
  const items = children({ '[]': node['items'], '{}': node['additionalProperties'] });
  return [
    ...(typeof node['description'] === 'string' ? [] : [path]),
    ...Object.entries(children(node['properties'])).flatMap(([name, child]) => silentFields(child, `${path}.${name}`)),
    ...Object.entries(items).flatMap(([kind, item]) =>
      Object.entries(children(item['properties'])).flatMap(([name, child]) =>
        silentFields(child, `${path}${kind}.${name}`),
      ),
    ),
  ];
}

/** Rules of "Specifying a structural schema" that a generator can break. */
function faultsOf(node: Readonly<Record<string, unknown>>, path: string): readonly string[] {
  const forbidden = ['$ref', 'const', 'anyOf', 'oneOf', 'allOf', 'propertyNames', 'definitions', '$schema'];
  const own = [
    ...forbidden.filter((word) => Object.hasOwn(node, word)).map((word) => `${path}: ${word}`),
    ...(typeof node['type'] === 'string' || node['x-kubernetes-int-or-string'] === true ? [] : [`${path}: no type`]),
    ...(node['properties'] && node['additionalProperties'] ? [`${path}: properties and additionalProperties`] : []),
    ...(node['type'] === 'array' && node['items'] === undefined ? [`${path}: no items`] : []),
  ];
  const below = {
    ...children(node['properties']),
    ...children({ items: node['items'], '{}': node['additionalProperties'] }),
  };
  return [...own, ...Object.entries(below).flatMap(([name, child]) => faultsOf(child, `${path}.${name}`))];
}

function children(of: unknown): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  if (typeof of !== 'object' || of === null) return {};
  return Object.fromEntries(Object.entries(of).filter(([, child]) => typeof child === 'object' && child !== null));
}
