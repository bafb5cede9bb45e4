import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ANNOTATIONS, LABELS } from '@mcp-runtime/api';
import { type ConfigMap } from '@mcp-runtime/kube';
import fc from 'fast-check';
import { decodeDelivery, encodeDelivery } from './index.ts';
import { PUBLISHED_AT, SERVER, aDelivery, aPolicy, aRoute } from './testing/deliveries.ts';

/** So small that a few sessions need several ConfigMaps. */
const TINY = { plain: 0, part: 400 };

test('a small policy is one ConfigMap that a person can read', () => {
  const document = aPolicy();
  const [only, ...others] = encodeDelivery(aDelivery({ document }));
  assert.deepEqual(others, []);
  assert.deepEqual(JSON.parse(only?.data?.['policy.json'] ?? ''), document);
  assert.deepEqual(JSON.parse(only?.data?.['route.json'] ?? ''), aRoute());
  assert.equal(only?.metadata.name, 'files-gateway-policy');
  assert.equal(only?.metadata.annotations?.[ANNOTATIONS.policyRevision], document.revision);
  assert.deepEqual(
    [LABELS.part, LABELS.gateway, LABELS.server].map((label) => only?.metadata.labels?.[label]),
    ['policy', 'shared', 'files'],
  );
});

test('what is encoded is decoded, in whatever form and order', () => {
  const sizes = fc.record({ plain: fc.constantFrom(0, 500, 1_000_000), part: fc.integer({ min: 100, max: 3000 }) });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40 }), sizes, fc.boolean(), (sessions, chosen, isTurned) => {
      const document = aPolicy({ sessions });
      const made = encodeDelivery(aDelivery({ document, sizes: chosen }));
      const decoded = decodeDelivery(SERVER, isTurned ? made.toReversed() : made);
      assert.deepEqual(decoded, { ok: true, document, route: aRoute(), publishedAt: PUBLISHED_AT });
    }),
  );
});

test('a large policy is compressed, then spread, and never beyond what the API server takes', () => {
  const compressed = encodeDelivery(aDelivery({ document: aPolicy({ sessions: 10_000 }) }));
  assert.equal(compressed.length, 1);
  const spread = encodeDelivery(aDelivery({ document: aPolicy({ sessions: 100 }), sizes: { plain: 0, part: 500 } }));
  assert.ok(spread.length > 1);
  for (const one of [...compressed, ...spread]) assert.ok(dataBytes(one) < 1024 * 1024);
  const tooMuch = (): unknown =>
    encodeDelivery(aDelivery({ document: aPolicy({ sessions: 1000 }), sizes: { plain: 0, part: 100 } }));
  assert.throws(tooMuch, /more than 64 ConfigMaps hold/);
});

test('any mix of two revisions is one of them or a fault, never anything else', () => {
  const old = aPolicy({ sessions: 30, human: 'old' });
  const next = aPolicy({ sessions: 45, human: 'next' });
  const forms = fc.constantFrom(TINY, { plain: 0, part: 100_000 }, { plain: 100_000, part: 100 });
  fc.assert(
    fc.property(
      forms,
      forms,
      fc.array(fc.constantFrom('old', 'next', 'absent'), { minLength: 20, maxLength: 20 }),
      (a, b, picks) => {
        const sets = {
          old: byName(encodeDelivery(aDelivery({ document: old, sizes: a }))),
          next: byName(encodeDelivery(aDelivery({ document: next, sizes: b }))),
          absent: new Map<string, ConfigMap>(),
        };
        const names = new Set([...sets.old.keys(), ...sets.next.keys()]);
        const mix = [...names].map((name, index) => sets[picks[index % picks.length] ?? 'absent'].get(name));
        const decoded = decodeDelivery(
          SERVER,
          mix.filter((one) => one !== undefined),
        );
        if (!decoded.ok) return;
        assert.ok([old.revision, next.revision].includes(decoded.document.revision));
        assert.deepEqual(decoded.document, decoded.document.revision === old.revision ? old : next);
      },
    ),
    { numRuns: 500 },
  );
});

test('while the parts of the next revision are written one by one, there is the old one, nothing, then the next one', () => {
  const old = byName(encodeDelivery(aDelivery({ document: aPolicy({ sessions: 30, human: 'old' }), sizes: TINY })));
  const next = aPolicy({ sessions: 60, human: 'next' });
  const written = encodeDelivery(aDelivery({ document: next, sizes: TINY }));
  const seen = written.map((one) => {
    old.set(one.metadata.name, one);
    const decoded = decodeDelivery(SERVER, [...old.values()]);
    return decoded.ok ? decoded.document.revision : decoded.fault.reason;
  });
  assert.deepEqual(seen.slice(0, -1), Array(seen.length - 1).fill('incomplete'));
  assert.equal(seen.at(-1), next.revision);
});

const FAULTS: Readonly<Record<string, { readonly change: (one: ConfigMap) => ConfigMap; readonly says: RegExp }>> = {
  'a changed document': {
    change: (one) => withData(one, { 'policy.json': one.data?.['policy.json']?.replace('"low"', '"high"') ?? '' }),
    says: /revision/,
  },
  'a document of another server': {
    change: (one) => ({ ...one, metadata: { ...one.metadata, namespace: 'team-b' } }),
    says: /is not there/,
  },
  'a route of another server': {
    change: (one) => withData(one, { 'route.json': JSON.stringify(aRoute({ server: { ...SERVER, name: 'other' } })) }),
    says: /about `team-a\/other`/,
  },
  'a route with a path that is none': {
    change: (one) => withData(one, { 'route.json': JSON.stringify(aRoute({ path: 'files' })) }),
    says: /route.json: path/,
  },
  'an annotation with another revision': {
    change: (one) => ({
      ...one,
      metadata: { ...one.metadata, annotations: { [ANNOTATIONS.policyRevision]: 'sha256:0' } },
    }),
    says: /annotation says/,
  },
  'a bomb': {
    change: ({ data, ...one }) => ({
      ...one,
      data: { 'route.json': data?.['route.json'] ?? '' },
      binaryData: { 'policy.json.gz': BOMB },
    }),
    says: /policy.json.gz/,
  },
};

/** 64 MiB of zeros, compressed. */
const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024)).toString('base64');

for (const [name, { change, says }] of Object.entries(FAULTS)) {
  test(`${name} is a fault`, () => {
    const decoded = decodeDelivery(SERVER, encodeDelivery(aDelivery()).map(change));
    assert.equal(decoded.ok, false);
    assert.match(decoded.ok ? '' : decoded.fault.message, says);
  });
}

test('what is delivered again keeps the time at which it was published; what changed has a new one', () => {
  const previous = encodeDelivery(aDelivery());
  assert.deepEqual(encodeDelivery(aDelivery({ previous, publishedAt: PUBLISHED_AT + 5000 })), previous);
  const [changed] = encodeDelivery(
    aDelivery({ previous, document: aPolicy({ sessions: 2 }), publishedAt: PUBLISHED_AT + 5000 }),
  );
  assert.equal(changed?.metadata.annotations?.[ANNOTATIONS.publishedAt], '2026-05-08T12:00:05.123Z');
});

function byName(made: readonly ConfigMap[]): Map<string, ConfigMap> {
  return new Map(made.map((one) => [one.metadata.name, one]));
}

function withData(one: ConfigMap, data: Readonly<Record<string, string>>): ConfigMap {
  return { ...one, data: { ...one.data, ...data } };
}

function dataBytes({ data = {}, binaryData = {} }: ConfigMap): number {
  const plain = Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return Object.values(binaryData).reduce((sum, text) => sum + Buffer.byteLength(text, 'base64'), plain);
}
