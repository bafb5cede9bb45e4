import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LABELS, ObjectName } from '@mcp-runtime/api';
import fc from 'fast-check';
import { decodeDelivery, encodeDelivery, workloadName } from './index.ts';
import { policyPartOf } from './layout.ts';
import { aDelivery, aPolicy, aRoute } from './testing/deliveries.ts';

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
const anyName = fc
  .array(label, { minLength: 1, maxLength: 5 })
  .map((labels) => labels.join('.').slice(0, 253))
  .filter((text) => ObjectName.safeParse(text).success);
const longName = fc.constantFrom(64, 70, 235, 236, 253).map((length) => 'a'.repeat(length));

test('a server of any name has objects with names and labels that Kubernetes takes', () => {
  fc.assert(
    fc.property(fc.oneof(anyName, longName), fc.constantFrom('', '-canary', '-gateway-secrets'), (name, suffix) => {
      assert.match(workloadName(name, suffix), /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/);
    }),
  );
});

test('the ConfigMaps of a server of any name lead back to it', () => {
  fc.assert(
    fc.property(fc.oneof(anyName, longName), (name) => {
      const server = { namespace: 'team-a', name };
      const document = { ...aPolicy({ sessions: 20 }), server };
      const made = encodeDelivery(aDelivery({ document, route: aRoute({ server }), sizes: { plain: 0, part: 300 } }));
      assert.ok(made.length > 1);
      for (const { metadata } of made) {
        assert.ok(ObjectName.safeParse(metadata.name).success, metadata.name);
        assert.equal(metadata.labels?.[LABELS.server], workloadName(name));
        assert.deepEqual(policyPartOf(metadata)?.server, server);
      }
    }),
  );
});

test('an annotation that names another server than the object does counts for nothing', () => {
  const metadata = { name: 'files-gateway-policy', namespace: 'team-a' };
  for (const told of ['team-a/other', 'team-b/files', 'other']) {
    const found = policyPartOf({ ...metadata, annotations: { 'mcpruntime.org/server': told } });
    assert.deepEqual(found, { server: { namespace: 'team-a', name: 'files' }, part: 1 });
  }
});

test('a policy of a server with the longest name is decoded', () => {
  const server = { namespace: 'team-a', name: 'b'.repeat(253) };
  const document = aPolicy();
  const decoded = decodeDelivery(server, encodeDelivery(aDelivery({ document, route: aRoute({ server }) })));
  assert.match(decoded.ok ? '' : decoded.fault.message, /it is about `team-a\/files`/);
});
