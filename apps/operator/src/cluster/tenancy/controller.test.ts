import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ANNOTATIONS, LABELS, TENANCY } from '@mcp-runtime/api';
import { isRecord, silentLogger, systemClock } from '@mcp-runtime/base';
import {
  type KubeObject,
  NAMESPACES,
  NETWORK_POLICIES,
  RESOURCE_QUOTAS,
  ROLE_BINDINGS,
  type ResourceClient,
  type ResourceStore,
  openMemoryStore,
} from '@mcp-runtime/kube';
import { OperatorSettings } from '../settings.ts';
import { startTenancyController } from './controller.ts';

const TEAM_A = { namespace: 'mcp-team-a', name: '' };
const QUOTA = { ...TEAM_A, name: TENANCY.quota };

function starting(client: ResourceClient, tenancy: object = {}) {
  const settings = OperatorSettings.parse({ images: { runtime: 'example.com/mcp-runtime:1' }, tenancy });
  return startTenancyController({ client, settings, log: silentLogger });
}

function aNamespace(labels: object = { [LABELS.managedNamespace]: 'true', [LABELS.teamId]: 'a' }): object {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'mcp-team-a', namespace: '', labels } };
}

async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await delay(1);
  }
}

/** Waits for a quota of so many pods. */
function untilPods(store: ResourceStore, pods: string): Promise<KubeObject> {
  return until(async () => {
    const quota = await store.get(RESOURCE_QUOTAS, QUOTA);
    return podsOf(quota) === pods ? quota : undefined;
  });
}

function podsOf(quota: KubeObject | undefined): unknown {
  const { spec } = quota ?? {};
  return isRecord(spec) && isRecord(spec['hard']) ? spec['hard']['pods'] : undefined;
}

test('a namespace of a team is furnished when it comes to be, and others are left alone', async () => {
  await using store = openMemoryStore({ clock: systemClock });
  await using _ = await starting(store);
  await store.create(NAMESPACES, { ...aNamespace({}), metadata: { name: 'other', namespace: '' } });
  await store.create(NAMESPACES, aNamespace());
  await untilPods(store, '20');
  const policies = await until(async () => {
    const { items } = await store.list(NETWORK_POLICIES);
    return items.length === 2 ? items : undefined;
  });
  assert.deepEqual(
    policies.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    ['mcp-team-a/platform-default-deny', 'mcp-team-a/platform-own-namespace'],
  );
  const namespace = await store.get(NAMESPACES, { namespace: '', name: 'mcp-team-a' });
  assert.equal(namespace?.metadata.labels?.['pod-security.kubernetes.io/enforce'], 'restricted');
  assert.equal(namespace.metadata.labels[LABELS.teamId], 'a');
});

test('a change of the settings reaches what is there; started again with the same ones, nothing is written', async () => {
  await using store = openMemoryStore({ clock: systemClock });
  await store.create(NAMESPACES, aNamespace());
  {
    await using _ = await starting(store, { quota: { pods: '20', 'requests.cpu': '4' } });
    await untilPods(store, '20');
  }
  {
    await using _ = await starting(store, { quota: { pods: '30' }, ownerGroups: ['{team}-leads'] });
    const quota = await untilPods(store, '30');
    assert.deepEqual(quota.spec, { hard: { pods: '30' } });
    await until(() => store.get(ROLE_BINDINGS, { ...TEAM_A, name: TENANCY.viewers }));
  }
  const before = (await store.list(NAMESPACES)).resourceVersion;
  const applied: unknown[] = [];
  const counting: ResourceClient = {
    ...store,
    apply: async (type, object, options) => {
      applied.push(object);
      return store.apply(type, object, options);
    },
  };
  const again = await starting(counting, { quota: { pods: '30' }, ownerGroups: ['{team}-leads'] });
  await again.close();
  assert.deepEqual([applied, (await store.list(NAMESPACES)).resourceVersion], [[], before]);
});

test('what somebody changed is set right, unless an annotation says that it is to be kept', async () => {
  await using store = openMemoryStore({ clock: systemClock });
  await store.create(NAMESPACES, aNamespace());
  await using _ = await starting(store);
  const quota = await untilPods(store, '20');
  await store.update(RESOURCE_QUOTAS, { ...quota, spec: { hard: { pods: '999' } } });
  const restored = await untilPods(store, '20');
  const annotations = { ...restored.metadata.annotations, [ANNOTATIONS.keep]: 'true' };
  const raised = { ...restored, metadata: { ...restored.metadata, annotations }, spec: { hard: { pods: '40' } } };
  await store.update(RESOURCE_QUOTAS, raised);
  await using again = await starting(store, { quota: { pods: '10' } });
  await again.close();
  assert.equal(podsOf(await store.get(RESOURCE_QUOTAS, QUOTA)), '40');
});

test('a team that has no owners any more has no binding for them', async () => {
  await using store = openMemoryStore({ clock: systemClock });
  await store.create(NAMESPACES, aNamespace());
  const bindings = async (): Promise<string> =>
    (await store.list(ROLE_BINDINGS)).items.map(({ metadata }) => metadata.name).join();
  const untilBound = (names: string): Promise<true> =>
    until(async () => ((await bindings()) === names ? true : undefined));
  await using _ = await starting(store, { ownerGroups: ['leads'] });
  await untilBound('platform-access-admins,platform-authors,platform-viewers');
  const namespace = await store.get(NAMESPACES, { namespace: '', name: 'mcp-team-a' });
  assert.ok(namespace);
  const annotations = { [ANNOTATIONS.ownerGroups]: '', [ANNOTATIONS.memberGroups]: 'people' };
  await store.update(NAMESPACES, { ...namespace, metadata: { ...namespace.metadata, annotations } });
  await untilBound('platform-authors,platform-viewers');
});

test('a namespace that loses its label keeps what it has', async () => {
  await using store = openMemoryStore({ clock: systemClock });
  const created = await store.create(NAMESPACES, aNamespace());
  await using _ = await starting(store);
  await untilPods(store, '20');
  const current = (await store.get(NAMESPACES, created.metadata)) ?? created;
  await store.update(NAMESPACES, { ...current, metadata: { ...current.metadata, labels: {} } });
  await using again = await starting(store);
  await again.close();
  assert.equal(podsOf(await store.get(RESOURCE_QUOTAS, QUOTA)), '20');
});
