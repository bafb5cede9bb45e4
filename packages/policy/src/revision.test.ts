import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PolicyDocument } from '@mcp-runtime/api';
import { z } from 'zod';
import { canonicalText } from './canonical.ts';
import { parsePolicy } from './parse.ts';
import { revisionOf, stamp } from './revision.ts';
import { FULL } from './testing/full-document.ts';

/** Known answers: the document as it may arrive, its canonical bytes, and their SHA-256. */
const VECTORS = [
  {
    id: 'V1 the smallest document',
    text: '{"schema_version":"v1","revision":"sha256:74535ec498d5d7a33b3f234173e606cdfd62e2b2b00e61c68aa6d655b86067cd","server":{"name":"demo","namespace":"mcp-servers"}}',
    canonical: '{"schema_version":"v1","revision":"","server":{"name":"demo","namespace":"mcp-servers"}}',
    sha256: '74535ec498d5d7a33b3f234173e606cdfd62e2b2b00e61c68aa6d655b86067cd',
  },
  {
    id: 'V2 escapes, sorted labels and what is left out when empty',
    text: '{"schema_version":"v1","revision":"sha256:29251511f33bb15623e075582949130a8761f40dd2802729cec856338649ba5e","generated_at":"2026-05-08T12:00:00Z","grants":[{"name":"g","disabled":false,"tool_rules":[],"human_id":""}],"server":{"namespace":"mcp-servers","name":"demo"},"auth":null,"policy":{"mode":"allow-list","default_decision":"deny","policy_version":"v1"},"tools":[{"labels":{"z":"1","a":"2"},"name":"a<b>&c","description":"\u2028é","side_effect":"read"}],"sessions":[]}',
    canonical: String.raw`{"schema_version":"v1","revision":"","server":{"name":"demo","namespace":"mcp-servers"},"policy":{"mode":"allow-list","default_decision":"deny","policy_version":"v1"},"tools":[{"name":"a\u003cb\u003e\u0026c","description":"\u2028é","side_effect":"read","labels":{"a":"2","z":"1"}}],"grants":[{"name":"g"}]}`,
    sha256: '29251511f33bb15623e075582949130a8761f40dd2802729cec856338649ba5e',
  },
  {
    id: 'V3 present but empty objects, an unknown member, names in other cases',
    text: '{"Schema_Version":"v1","REVISION":"sha256:48e37017722f6a0fc2d7caad7fa90eaf7bbd9bbb480eacd527ffd53ca0d3b98d","server":{"Name":"demo","nameSpace":"x"},"auth":{},"Session":{"required":false},"unknown":{"x":1}}',
    canonical: '{"schema_version":"v1","revision":"","server":{"name":"demo","namespace":"x"},"auth":{},"session":{}}',
    sha256: '48e37017722f6a0fc2d7caad7fa90eaf7bbd9bbb480eacd527ffd53ca0d3b98d',
  },
  {
    id: 'V4 control characters, and a server without a namespace',
    text: String.raw`{"schema_version":"v1","revision":"sha256:562b4c169567cbd76229883ae422d4e87e505e826f2c2bf4e5a86c27cf2ba11e","server":{"name":"d"},"tools":[{"name":"t","description":"\u0001\b\f\n\r\t\u007f\"\\\/"}]}`,
    canonical: `${String.raw`{"schema_version":"v1","revision":"","server":{"name":"d","namespace":""},"tools":[{"name":"t","description":"\u0001\b\f\n\r\t`}\u007f${String.raw`\"\\/"}]}`}`,
    sha256: '562b4c169567cbd76229883ae422d4e87e505e826f2c2bf4e5a86c27cf2ba11e',
  },
];

for (const { id, text, canonical, sha256 } of VECTORS) {
  test(`revision vector ${id}`, () => {
    const parsed = parsePolicy(text);
    assert.ok(parsed.ok, parsed.ok ? '' : parsed.message);
    assert.equal(canonicalText(parsed.document), canonical);
    assert.equal(revisionOf(parsed.document), `sha256:${sha256}`);
  });
}

test('canonical text has every member of the schema but `generated_at`, in the order of the schema', () => {
  const expected = pathsOf(PolicyDocument.parse(FULL)).filter((path) => path !== 'generated_at');
  assert.deepEqual(pathsOf(JSON.parse(canonicalText(FULL))), expected);
  assert.deepEqual(
    expected,
    pathsOfSchema(PolicyDocument).filter((path) => path !== 'generated_at'),
  );
});

test('every member counts: a change of any one of them changes the revision', () => {
  const before = revisionOf(FULL);
  const members: string[] = [];
  const changed = (name: string, value: unknown): string => {
    const text = JSON.stringify(FULL, (key, member: unknown) =>
      key === name && member === value ? flip(value) : member,
    );
    return revisionOf(PolicyDocument.parse(JSON.parse(text)));
  };
  JSON.stringify(FULL, (name, value: unknown) => {
    if (typeof value === 'object' || name === 'revision' || name === 'generated_at') return value;
    members.push(name);
    assert.notEqual(changed(name, value), before, `${name} does not count`);
    return value;
  });
  assert.ok(members.length > 50);
});

test('neither the revision nor the instant of making counts', () => {
  const stamped = stamp(FULL, '2026-05-08T12:00:00Z');
  assert.equal(stamp({ ...FULL, revision: 'x' }, '2027-01-01T00:00:00Z').revision, stamped.revision);
  assert.equal(stamp(stamped).revision, stamped.revision);
  assert.equal('generated_at' in stamp(stamped), false);
  assert.equal('generated_at' in stamp(stamped, ''), false);
  assert.equal(stamp({ ...FULL, schema_version: 'v0' }).schema_version, 'v1');
});

test('the order of a list counts, the order of labels does not', () => {
  const [first = { name: '' }] = FULL.tools ?? [];
  const labels = first.labels ?? {};
  const backwards = Object.fromEntries(Object.entries(labels).toReversed());
  assert.notDeepEqual(Object.keys(backwards), Object.keys(labels));
  const withTools = (tools: PolicyDocument['tools']): string => revisionOf({ ...FULL, tools });
  assert.equal(withTools([{ ...first, labels: backwards }, { name: 'b' }]), withTools([first, { name: 'b' }]));
  assert.notEqual(withTools([{ name: 'b' }, first]), withTools([first, { name: 'b' }]));
});

test('labels are sorted by their UTF-8 bytes: astral characters last, numbers not first', () => {
  const labels = { '\u{1F600}': '1', '\uFFFD': '2', '\uD7FF': '3', 10: '4', '-': '5' };
  const text = canonicalText({ ...FULL, tools: [{ name: 't', labels }] });
  assert.match(text, /"labels":\{"-":"5","10":"4","\uD7FF":"3","\uFFFD":"2","\u{1F600}":"1"\}/u);
});

test('half of a surrogate pair is replaced as on decoding', () => {
  const named = (name: string): PolicyDocument => ({ ...FULL, server: { name, namespace: '' } });
  assert.equal(canonicalText(named('a\uD800b')), canonicalText(named('a\uFFFDb')));
});

function flip(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  return typeof value === 'boolean' ? !value : `${String(value)}!`;
}

/** Every member in order as `grants.tool_rules.name`, the items of a list taken together. */
function pathsOf(value: unknown, prefix = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => pathsOf(item, prefix));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    prefix === 'tools.labels.' ? [] : [`${prefix}${name}`, ...pathsOf(member, `${prefix}${name}.`)],
  );
}

function pathsOfSchema(schema: unknown, prefix = ''): readonly string[] {
  if (schema instanceof z.ZodOptional) return pathsOfSchema(schema.unwrap(), prefix);
  if (schema instanceof z.ZodArray) return pathsOfSchema(schema.element, prefix);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([name, member]) => [
    `${prefix}${name}`,
    ...pathsOfSchema(member, `${prefix}${name}.`),
  ]);
}
