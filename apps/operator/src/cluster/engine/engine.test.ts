import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LABELS, MANAGED_BY } from '@mcp-runtime/api';
import { GRANTS, SERVERS } from '@mcp-runtime/control-plane';
import { DEPLOYMENTS, ENDPOINT_SLICES, EVENTS, NETWORK_POLICIES, PODS, SECRETS } from '@mcp-runtime/kube';
import { Cluster, FILES, aCluster, aGrant, aServer, at, settled, until } from './testing/cluster.ts';

test('a server becomes objects, a policy and a route, and is ready once it has answered through the gateway', async () => {
  await using cluster = await aCluster();
  await using _ = await cluster.start();
  await cluster.store.create(SERVERS, aServer('files'));
  const status = await cluster.status('files', 'Ready', 'Ready');
  assert.deepEqual(
    status?.conditions?.map(({ type, status: is }) => [type, is]),
    ['WorkloadReady', 'ServiceReady', 'IngressReady', 'PolicyReady', 'GatewayReady', 'Ready'].map((type) => [
      type,
      'True',
    ]),
  );
  assert.equal(status?.phase, 'Ready');
  assert.equal(status?.endpoint, 'http://mcp-runtime-gateway.mcp-runtime.svc:80/files/mcp');
  assert.equal(status?.policyRevision, (await cluster.policy('files'))?.revision);
  const { items } = await cluster.store.list(DEPLOYMENTS);
  assert.equal(items[0]?.metadata.ownerReferences?.[0]?.name, 'files');
});

test('never ready while it does not answer, and ready as soon as it does', async () => {
  await using cluster = await aCluster();
  cluster.answers = false;
  await using _ = await cluster.start();
  await cluster.store.create(SERVERS, aServer('files'));
  const status = await cluster.status('files', 'Ready', 'UpstreamUnavailable');
  assert.equal(status?.phase, 'Pending');
  cluster.answers = true;
  await cluster.status('files', 'Ready', 'Ready');
});

test('never ready while a gateway serves an older policy, and the status says which', async () => {
  await using cluster = await aCluster();
  cluster.served = new Map([['team-a/files', 'sha256:old']]);
  await using _ = await cluster.start();
  await cluster.store.create(SERVERS, aServer('files'));
  const status = await cluster.status('files', 'Ready', 'Propagating');
  assert.match(status?.message ?? '', /^0 of 1 gateways serve revision sha256:\w+; gateway-0 serves sha256:old$/);
  cluster.served = undefined;
  await cluster.status('files', 'Ready', 'Ready');
});

test('a gateway in a pod has session keys, and reaches the API server, also where it moves to', async () => {
  await using cluster = await aCluster();
  const metadata = { namespace: 'default', name: 'kubernetes', labels: { 'kubernetes.io/service-name': 'kubernetes' } };
  const apiServerAt = async (address: string): Promise<void> => {
    const ports = [{ port: 6443 }];
    const slice = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, ports };
    const endpoints = [{ addresses: [address] }];
    await cluster.store.apply(ENDPOINT_SLICES, { ...slice, endpoints }, { fieldManager: 'cluster', force: 'force' });
  };
  await apiServerAt('192.0.2.1');
  await using _ = await cluster.start();
  await cluster.store.create(SERVERS, aServer('files', { gateway: { placement: 'sidecar' } }));
  const policyNames = (address: string) =>
    cluster.until(NETWORK_POLICIES, FILES, (found) => JSON.stringify(found?.spec ?? '').includes(`${address}/32`));
  await policyNames('192.0.2.1');
  await apiServerAt('192.0.2.2');
  await policyNames('192.0.2.2');
  const deployment = await cluster.until(DEPLOYMENTS, FILES, (found) => found !== undefined);
  const [, secretName = ''] = /"secretName":"([^"]+)"/.exec(JSON.stringify(deployment?.spec)) ?? [];
  assert.match(secretName, /^files-session-keys-/);
  assert.ok(await cluster.store.get(SECRETS, at(secretName)));
});

test('nothing is written when nothing changes, and a restart writes nothing', async () => {
  await using cluster = await aCluster();
  const engine = await cluster.start();
  await cluster.store.create(GRANTS, aGrant('g', 'files'));
  await cluster.store.create(SERVERS, aServer('files'));
  await cluster.until(SERVERS, FILES, (server) => server?.status?.phase === 'Ready');
  await settled(engine);
  await engine.close();
  const before = cluster.writes;
  const probes = cluster.probes;
  await using again = await cluster.start();
  // It looks at every server once, and shakes hands again.
  await until(() => cluster.probes !== probes);
  await settled(again);
  assert.equal(cluster.writes, before);
});

test('of two servers on one path the older one has it, the other says so, and gets it when it is given up', async () => {
  await using cluster = await aCluster();
  await using _ = await cluster.start();
  await cluster.store.create(SERVERS, aServer('a-first'));
  await cluster.status('a-first', 'Ready', 'Ready');
  await cluster.store.create(SERVERS, aServer('b-second', { publicPathPrefix: 'a-first' }));
  const status = await cluster.status('b-second', 'WorkloadReady', 'PathInUse');
  assert.equal(status?.phase, 'Error');
  assert.match(status?.message ?? '', /belongs to server `team-a\/a-first`/);
  assert.equal(await cluster.policy('b-second'), undefined);
  await cluster.store.delete(SERVERS, at('a-first'));
  await cluster.status('b-second', 'Ready', 'Ready');
});

test('what Kubernetes says of the pods is what the status says', async () => {
  await using cluster = new Cluster();
  await using _ = await cluster.start();
  await cluster.store.create(SERVERS, aServer('files'));
  await cluster.until(DEPLOYMENTS, FILES, (found) => found !== undefined);
  const labels = { [LABELS.managedBy]: MANAGED_BY, [LABELS.server]: 'files', [LABELS.rolloutTrack]: 'stable' };
  const pod = await cluster.store.create(PODS, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...at('files-1'), labels },
  });
  const waiting = { reason: 'ImagePullBackOff', message: 'not found' };
  const deployment = await cluster.store.get(DEPLOYMENTS, FILES);
  assert.ok(deployment);
  const status = { observedGeneration: deployment.metadata.generation, replicas: 1, updatedReplicas: 1 };
  await cluster.store.updateStatus(DEPLOYMENTS, { ...deployment, status });
  await cluster.store.updateStatus(PODS, {
    ...pod,
    status: { containerStatuses: [{ name: 'files', state: { waiting } }] },
  });
  const said = await cluster.status('files', 'WorkloadReady', 'ImagePullBackOff');
  assert.match(said?.message ?? '', /0 of 1 replicas are available; container `files`: not found/);
  const events = (await cluster.store.list(EVENTS)).items.map((event) => JSON.stringify(event));
  assert.ok(events.some((text) => text.includes('"reason":"ImagePullBackOff"')));
});

test('a spec that cannot be planned is said, and not tried again', async () => {
  await using cluster = await aCluster();
  await using engine = await cluster.start();
  await cluster.store.create(
    SERVERS,
    aServer('files', { image: undefined, source: { pypi: { package: 'p', version: '1' } } }),
  );
  const server = await cluster.until(SERVERS, FILES, (found) => found?.status?.phase === 'Error');
  assert.match(server?.status?.message ?? '', /pypi/i);
  await settled(engine);
  const before = cluster.writes;
  await settled(engine);
  assert.equal(cluster.writes, before);
});

test('what somebody else made under the name of a server stays as it is, and the server says so', async () => {
  await using cluster = await aCluster();
  const theirs = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...FILES, labels: { app: 'theirs' } },
    spec: { replicas: 3, selector: { matchLabels: { app: 'theirs' } } },
  };
  const made = await cluster.store.create(DEPLOYMENTS, theirs, { fieldManager: 'somebody' });
  const policy = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', spec: { podSelector: {} } };
  const labels = { [LABELS.managedBy]: MANAGED_BY, [LABELS.part]: 'tenancy' };
  const isolation = await cluster.store.create(
    NETWORK_POLICIES,
    { ...policy, metadata: { ...at('platform-default-deny'), labels } },
    { fieldManager: 'tenancy' },
  );
  await using _ = await cluster.start();
  await cluster.store.create(SERVERS, aServer('files'));
  await cluster.store.create(SERVERS, aServer('platform-default-deny'));
  const status = await cluster.status('files', 'WorkloadReady', 'NameInUse');
  assert.match(JSON.stringify(status?.conditions), /Deployment `team-a\/files` is there already/);
  await cluster.status('platform-default-deny', 'WorkloadReady', 'NameInUse');
  const { spec, metadata } = (await cluster.store.get(DEPLOYMENTS, FILES)) ?? assert.fail('it is gone');
  assert.deepEqual([spec, metadata.labels, metadata.ownerReferences], [made.spec, made.metadata.labels, undefined]);
  assert.deepEqual(await cluster.store.get(NETWORK_POLICIES, at('platform-default-deny')), isolation);
  await cluster.store.delete(DEPLOYMENTS, FILES);
  await cluster.store.apply(SERVERS, { ...aServer('files', { replicas: 2 }) }, { fieldManager: 'x', force: 'force' });
  await cluster.status('files', 'Ready', 'Ready');
});
