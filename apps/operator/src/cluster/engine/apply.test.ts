import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIELD_MANAGERS } from '@mcp-runtime/api';
import { DEPLOYMENTS, type ResourceStore, openMemoryStore } from '@mcp-runtime/kube';
import { createApplier } from './apply.ts';

const at = { namespace: 'team-a', name: 'files' };
const desired = (replicas: number, labels: Readonly<Record<string, string>> = { app: 'files' }) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { ...at, labels },
  spec: { replicas, template: { spec: { containers: [{ name: 'files', image: 'i' }] } } },
});

async function outcomeOf(store: ResourceStore, config: ReturnType<typeof desired>): Promise<string> {
  // A new applier each time: what it knows is on the object.
  const { outcome } = await createApplier(store).apply(DEPLOYMENTS, config, await store.get(DEPLOYMENTS, at));
  return outcome;
}

test('an object is created once, kept while it is as desired, and configured when that changes', async () => {
  await using store = openMemoryStore({ clock: () => Date.now() });
  const outcomes = [];
  for (const replicas of [1, 1, 2]) outcomes.push(await outcomeOf(store, desired(replicas)));
  assert.deepEqual(outcomes, ['created', 'kept', 'configured']);
});

test('a field that somebody changed is repaired, and what others added stays', async () => {
  await using store = openMemoryStore({ clock: () => Date.now() });
  await outcomeOf(store, desired(1));
  const live = await store.get(DEPLOYMENTS, at);
  assert.ok(live);
  const { metadata } = live;
  const edited = { ...live, metadata: { ...metadata, labels: { app: 'files', theirs: 'x' } }, spec: { replicas: 5 } };
  await store.update(DEPLOYMENTS, edited, { fieldManager: 'kubectl-edit' });
  assert.equal(await outcomeOf(store, desired(1)), 'repaired');
  const repaired = await store.get(DEPLOYMENTS, at);
  assert.deepEqual(repaired?.spec, desired(1).spec);
  assert.deepEqual(repaired?.metadata.labels, { app: 'files', theirs: 'x' });
  assert.equal(await outcomeOf(store, desired(1)), 'kept');
});

test('what others added alone is no drift', async () => {
  await using store = openMemoryStore({ clock: () => Date.now() });
  await outcomeOf(store, desired(1));
  const annotate = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ...at, annotations: { theirs: 'x' } } };
  await store.apply(DEPLOYMENTS, annotate, { fieldManager: 'injector' });
  assert.equal(await outcomeOf(store, desired(1)), 'kept');
});

test('a field that is not desired any more goes', async () => {
  await using store = openMemoryStore({ clock: () => Date.now() });
  await outcomeOf(store, desired(1, { app: 'files', old: 'x' }));
  assert.equal(await outcomeOf(store, desired(1)), 'configured');
  assert.deepEqual((await store.get(DEPLOYMENTS, at))?.metadata.labels, { app: 'files' });
});

test('an observed object that is older than the last apply does not make another one', async () => {
  await using store = openMemoryStore({ clock: () => Date.now() });
  const applier = createApplier(store);
  await applier.apply(DEPLOYMENTS, desired(1), undefined);
  const { outcome } = await applier.apply(DEPLOYMENTS, desired(1), undefined);
  assert.equal(outcome, 'unchanged');
  assert.equal((await store.get(DEPLOYMENTS, at))?.metadata.managedFields?.[0]?.manager, FIELD_MANAGERS.operator);
});
