import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';
import {
  ANNOTATIONS,
  API_VERSION,
  AppError,
  type GatewayActivity,
  LABELS,
  MANAGED_BY,
  type MCPServer,
  type PolicyDocument,
  type MCPServerStatus,
  type ServerDefinitions,
} from '@mcp-runtime/api';
import { silentLogger } from '@mcp-runtime/base';
import { GRANTS, SERVERS, SESSIONS, setSessionRevoked } from '@mcp-runtime/control-plane';
import { decodeDelivery } from '@mcp-runtime/delivery';
import {
  CONFIG_MAPS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  EVENTS,
  type KubeObject,
  NETWORK_POLICIES,
  PODS,
  type ResourceClient,
  type ResourceStore,
  type ResourceType,
  SECRETS,
  SERVICES,
  openMemoryStore,
} from '@mcp-runtime/kube';
import { type Handshake } from '../../ports.ts';
import { type TrackCounts } from '../rollout/tally.ts';
import { OperatorSettings } from '../settings.ts';
import { type Engine, startEngine } from './engine.ts';

const NAMESPACE = 'team-a';
const at = (name: string) => ({ namespace: NAMESPACE, name });
const FILES = at('files');

const DEFINITIONS: ServerDefinitions = {
  schema_version: 'v1',
  server_info: { name: 'x', version: '1' },
  capabilities: { tools: {} },
  tools: [{ name: 'read' }],
};

/** A cluster in memory: Deployments become available, Services get an address, and gateways serve what is published. */
class Cluster {
  readonly store: ResourceStore = openMemoryStore({ clock: () => Date.now() });
  writes = 0;
  probes = 0;
  answers = true;
  tools: Handshake['tools'] = [];
  /** What the gateway says that it serves; what is published when undefined. */
  served: ReadonlyMap<string, string> | undefined;
  /** What the gateway has counted. */
  tracks: ReadonlyMap<string, TrackCounts> = new Map();
  /** What the gateway tells of servers that may sleep; it is away when undefined. */
  idle: GatewayActivity | undefined;
  readonly told = new EventEmitter();
  readonly #stop = new AbortController();

  /** Counts what is written through it. */
  readonly client: ResourceClient = {
    ...this.store,
    create: (type, object, options) => this.counted(this.store.create(type, object, options)),
    update: (type, object, options) => this.counted(this.store.update(type, object, options)),
    updateStatus: (type, object, options) => this.counted(this.store.updateStatus(type, object, options)),
    apply: (type, object, options) => this.counted(this.store.apply(type, object, options)),
    delete: (type, key, options) => this.counted(this.store.delete(type, key, options)),
  };

  async activity(seen: number | undefined, signal: AbortSignal): Promise<GatewayActivity> {
    while (this.idle !== undefined && seen === this.idle.sequence) await once(this.told, 'idle', { signal });
    return this.idle ?? Promise.reject(new AppError('upstream_unavailable', 'away'));
  }

  tell(idle: Partial<GatewayActivity['servers'][number]>): void {
    const one = { server: 'team-a/files', idle_ms: 0, open: 0, wanted: false, knows: true, ...idle };
    this.idle = { sequence: (this.idle?.sequence ?? 0) + 1, servers: [one] };
    this.told.emit('idle');
  }

  counted<T>(written: Promise<T>): Promise<T> {
    this.writes += 1;
    return written;
  }

  async start(settings: object = {}, clock: () => number = () => Date.now()): Promise<Engine> {
    const engine = startEngine({
      client: this.client,
      settings: OperatorSettings.parse({ images: { runtime: 'i' }, ingress: { kind: 'none' }, ...settings }),
      probe: async (_key, _url, { look }) => {
        this.probes += 1;
        if (!this.answers) throw new AppError('upstream_unavailable', 'no answer');
        const shaken = { protocolVersion: '2025-11-25', serverInfo: { name: 'x', version: '1' }, tools: this.tools };
        return look === 'definitions' ? { ...shaken, definitions: DEFINITIONS } : shaken;
      },
      tokenKeys: () => undefined,
      sessionKeys: () => `${Buffer.alloc(32, 1).toString('base64url')}\n`,
      readTracks: async () => this.tracks,
      readActivity: (_, seen, signal) => this.activity(seen, signal),
      readRevisions: async () => this.served ?? (await this.published()),
      clock,
      log: silentLogger,
    });
    engine.lead();
    await engine.synced;
    return engine;
  }

  async published(): Promise<ReadonlyMap<string, string>> {
    const { items } = await this.store.list(CONFIG_MAPS, { labels: { [LABELS.part]: 'policy' } });
    return new Map(
      items.map(({ metadata }) => [
        `${metadata.namespace}/${metadata.labels?.[LABELS.server]}`,
        metadata.annotations?.[ANNOTATIONS.policyRevision] ?? '',
      ]),
    );
  }

  /** What the controllers of Kubernetes do. */
  async live(): Promise<void> {
    const { signal } = this.#stop;
    const { resourceVersion } = await this.store.list(DEPLOYMENTS);
    const onError = (): void => {};
    this.store.watch(DEPLOYMENTS, {
      resourceVersion,
      signal,
      onError,
      on: (event) => {
        if (event.type !== 'added' && event.type !== 'modified') return;
        const { generation: observedGeneration } = event.object.metadata;
        const conditions = [{ type: 'Available', status: 'True' }];
        const status = { observedGeneration, replicas: 1, updatedReplicas: 1, availableReplicas: 1, conditions };
        if (JSON.stringify(event.object.status) === JSON.stringify(status)) return;
        this.store.updateStatus(DEPLOYMENTS, { ...event.object, status }).catch(onError);
      },
    });
    this.store.watch(SERVICES, {
      resourceVersion,
      signal,
      onError,
      on: (event) => {
        if (event.type !== 'added') return;
        const { namespace, name } = event.object.metadata;
        const config = {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { namespace, name },
          spec: { clusterIP: '10.0.0.1' },
        };
        this.store.apply(SERVICES, config, { fieldManager: 'cluster' }).catch(onError);
      },
    });
    await this.store.create(ENDPOINT_SLICES, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        namespace: 'mcp-runtime',
        name: 'gateways',
        labels: { 'kubernetes.io/service-name': 'mcp-runtime-gateway' },
      },
      endpoints: [{ addresses: ['10.1.0.1'], targetRef: { name: 'gateway-0' } }],
    });
  }

  async until<T extends KubeObject>(
    type: ResourceType<T>,
    key: { namespace: string; name: string },
    is: (object: T | undefined) => boolean,
  ): Promise<T | undefined> {
    for (;;) {
      const object = await this.store.get(type, key);
      if (is(object)) return object;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The status of a server once the condition says so. */
  async status(name: string, type: string, reason: string): Promise<MCPServerStatus | undefined> {
    const server = await this.until(SERVERS, at(name), (found) => reasonOf(found, type) === reason);
    return server?.status;
  }

  async policy(name: string): Promise<PolicyDocument | undefined> {
    const { items } = await this.store.list(CONFIG_MAPS, { namespace: NAMESPACE });
    const decoded = decodeDelivery(at(name), items);
    return decoded.ok ? decoded.document : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.store.close();
  }
}

async function aCluster(): Promise<Cluster> {
  const cluster = new Cluster();
  await cluster.live();
  return cluster;
}

function reasonOf(server: MCPServer | undefined, type: string): string | undefined {
  return server?.status?.conditions?.find((condition) => condition.type === type)?.reason;
}

function aServer(name: string, spec: object = {}): object {
  return {
    apiVersion: API_VERSION,
    kind: 'MCPServer',
    metadata: at(name),
    spec: { image: 'example.com/files:1', ...spec },
  };
}

function aSession(name: string, server: string): object {
  const spec = { serverRef: { name: server }, subject: { humanID: 'a' } };
  return { apiVersion: API_VERSION, kind: 'MCPAgentSession', metadata: at(name), spec };
}

function aGrant(name: string, server: string): object {
  const spec = {
    serverRef: { name: server },
    subject: { humanID: 'a' },
    maxTrust: 'low',
    allowedSideEffects: ['read'],
  };
  return { apiVersion: API_VERSION, kind: 'MCPAccessGrant', metadata: at(name), spec };
}

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
  while (cluster.probes === probes) await new Promise((resolve) => setImmediate(resolve));
  await settled(again);
  assert.equal(cluster.writes, before);
});

async function settled(engine: Engine): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { body } = await engine.metrics.text();
    if (!/^mcp_operator_queue_depth\{.*\} [1-9]/m.test(body)) return;
  }
}

test('a grant that is changed to name another server leaves the first', async () => {
  await using cluster = await aCluster();
  await using _ = await cluster.start();
  for (const name of ['one', 'two']) await cluster.store.create(SERVERS, aServer(name));
  await cluster.store.create(GRANTS, aGrant('g', 'one'));
  const grants = async (name: string) => (await cluster.policy(name))?.grants?.length ?? 0;
  while ((await grants('one')) !== 1) await new Promise((resolve) => setImmediate(resolve));
  const grant = await cluster.until(GRANTS, at('g'), (found) => found?.status !== undefined);
  assert.ok(grant);
  await cluster.store.update(GRANTS, { ...grant, spec: { ...grant.spec, serverRef: { name: 'two' } } });
  while ((await grants('two')) !== 1 || (await grants('one')) !== 0)
    await new Promise((resolve) => setImmediate(resolve));
});

test('a revocation is published although the server does not answer', async () => {
  await using cluster = await aCluster();
  cluster.answers = false;
  await using _ = await cluster.start();
  await cluster.store.create(SERVERS, aServer('files'));
  await cluster.store.create(SESSIONS, aSession('s', 'files'));
  await setSessionRevoked(cluster.store, at('s'), true);
  while ((await cluster.policy('files'))?.sessions?.[0]?.revoked !== true)
    await new Promise((resolve) => setImmediate(resolve));
});

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

const SLEEPY = { sleep: { after: '10m' } };
const LONG_MS = 3_600_000;

function replicasIs(wanted: number): (deployment: KubeObject | undefined) => boolean {
  return (deployment) => JSON.stringify(deployment?.spec).includes(`"replicas":${wanted},`);
}

/** Idle for longer than it has to be; the engine has only just seen it run, so that time goes by for the engine too. */
async function fallAsleep(cluster: Cluster, clock: { ms: number }): Promise<void> {
  await cluster.status('files', 'Ready', 'Ready');
  clock.ms += LONG_MS;
  cluster.tell({ idle_ms: LONG_MS });
  await cluster.until(DEPLOYMENTS, FILES, replicasIs(0));
}

test('a server that asked to sleeps once it is idle, stays ready as it was, and is woken by who waits for it', async () => {
  await using cluster = await aCluster();
  const clock = { ms: Date.now() };
  await using _ = await cluster.start({}, () => clock.ms);
  await cluster.store.create(SERVERS, aServer('files', SLEEPY));
  await fallAsleep(cluster, clock);
  const asleep = await cluster.status('files', 'WorkloadReady', 'Asleep');
  assert.equal(asleep?.phase, 'Asleep');
  assert.equal(asleep?.conditions?.find(({ type }) => type === 'Ready')?.status, 'True');
  assert.equal(asleep?.protocolVersion, '2025-11-25');
  const { items } = await cluster.store.list(CONFIG_MAPS, { namespace: NAMESPACE });
  const delivered = decodeDelivery(FILES, items);
  assert.ok(delivered.ok && delivered.route.may_sleep === true);
  assert.deepEqual(delivered.definitions, DEFINITIONS);
  const { probes } = cluster;

  cluster.tell({ wanted: true, open: 1 });
  await cluster.until(DEPLOYMENTS, FILES, replicasIs(1));
  cluster.tell({ idle_ms: 0 });
  await cluster.status('files', 'WorkloadReady', 'Available');
  const ready = await cluster.status('files', 'Ready', 'Ready');
  assert.equal(ready?.phase, 'Ready');
  assert.ok(cluster.probes > probes);
  const reasons = async (): Promise<readonly unknown[]> => {
    const { items: events } = await cluster.store.list(EVENTS, { namespace: NAMESPACE });
    return events.map((event) => ('reason' in event ? event.reason : undefined));
  };
  for (const reason of ['Asleep', 'Woken']) assert.ok((await reasons()).includes(reason), reason);
  assert.ok(!(await reasons()).includes('NotReady'));
});

test('what sleeps goes on sleeping under the next operator, and runs once it is asked for otherwise', async () => {
  await using cluster = await aCluster();
  const clock = { ms: Date.now() };
  const first = await cluster.start({}, () => clock.ms);
  await cluster.store.create(SERVERS, aServer('files', SLEEPY));
  await fallAsleep(cluster, clock);
  await cluster.status('files', 'WorkloadReady', 'Asleep');
  await first.close();
  const before = cluster.writes;
  cluster.idle = undefined;
  await using second = await cluster.start({}, () => clock.ms);
  await cluster.until(DEPLOYMENTS, FILES, replicasIs(0));
  assert.match((await second.metrics.text()).body, /mcp_operator_servers_asleep 1/);
  assert.equal(cluster.writes, before);
  await cluster.store.apply(SERVERS, aServer('files', { ...SLEEPY, image: 'example.com/files:2' }), {
    fieldManager: 'owner',
    force: 'force',
  });
  await cluster.until(DEPLOYMENTS, FILES, replicasIs(1));
});
