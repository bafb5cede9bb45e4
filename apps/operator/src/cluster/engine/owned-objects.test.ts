import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LABELS, MANAGED_BY } from '@mcp-runtime/api';
import { SERVERS } from '@mcp-runtime/control-plane';
import { EVENTS, NETWORK_POLICIES, SERVICES } from '@mcp-runtime/kube';
import { FILES, aCluster, aServer, at } from './testing/cluster.ts';

test('an object that somebody changed is put right and told, and one that somebody deleted comes back', async () => {
  await using cluster = await aCluster();
  await using _ = await cluster.start();
  await cluster.store.create(SERVERS, aServer('files'));
  await cluster.status('files', 'Ready', 'Ready');
  const policy = await cluster.store.get(NETWORK_POLICIES, FILES);
  assert.ok(policy);
  await cluster.store.update(NETWORK_POLICIES, { ...policy, spec: { podSelector: {} } }, { fieldManager: 'somebody' });
  await cluster.until(NETWORK_POLICIES, FILES, (found) => JSON.stringify(found?.spec) === JSON.stringify(policy.spec));
  await cluster.store.delete(NETWORK_POLICIES, FILES);
  await cluster.until(NETWORK_POLICIES, FILES, (found) => found !== undefined);
  const events = (await cluster.store.list(EVENTS)).items.map((event) => JSON.stringify(event));
  assert.ok(events.some((text) => text.includes('"DriftRepaired"')));
});

test('an object that is not planned any more goes, and those of others stay', async () => {
  await using cluster = await aCluster();
  await using _ = await cluster.start();
  const labels = { [LABELS.managedBy]: MANAGED_BY, [LABELS.server]: 'files' };
  const stray = { apiVersion: 'v1', kind: 'Service', spec: {} };
  await cluster.store.create(SERVICES, { ...stray, metadata: { ...at('stray'), labels } });
  await cluster.store.create(SERVICES, { ...stray, metadata: at('theirs') });
  await cluster.store.create(SERVERS, aServer('files'));
  await cluster.until(SERVICES, at('stray'), (found) => found === undefined);
  assert.ok(await cluster.store.get(SERVICES, at('theirs')));
});
