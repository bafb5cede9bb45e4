import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ANNOTATIONS, LABELS, type MCPServer } from '../../packages/api/src/index.ts';
import { decodeDelivery } from '../../packages/delivery/src/index.ts';
import { CONFIG_MAPS, DEPLOYMENTS, ENDPOINT_SLICES, PODS } from '../../packages/kube/src/index.ts';
import { type Engine } from '../../apps/operator/src/cluster/engine/engine.ts';
import { kubectl, testNamespace } from '../support/kubectl.ts';
import { aServer } from '../support/objects.ts';
import { untilTrue } from '../support/until.ts';
import { openClient } from './support/cluster.ts';
import { serveDefinitions } from './support/definitions.ts';
import { HANDSHAKE, aGatewayIn, startOperatorIn, untilServer } from './support/engine.ts';

/** Trials of canaries on a real API server with controllers. Pods run nowhere: a loop says of them what a kubelet would. */

const client = await openClient();
const namespace = await testNamespace('canary');
const stop = new AbortController();
/** What the gateway has counted, by server. */
const counted = new Map<string, { stable: Counts; canary: Counts }>();
/** By track; the same when only one is given. */
const tools = { stable: 'read', canary: 'read' };
let engine: Engine;
let kubelet: Promise<void>;

const NODE = { apiVersion: 'v1', kind: 'Node', metadata: { name: `node-of-${namespace.name}` } };

/** Long enough for these tests: nobody says that it still is. */
const IS_READY = {
  status: {
    conditions: [{ type: 'Ready', status: 'True', reason: 'Test', lastHeartbeatTime: new Date().toISOString() }],
  },
};

interface Counts {
  readonly requests: number;
  readonly errors: number;
}

before(async () => {
  await serveDefinitions(client);
  await aGatewayIn(namespace);
  await kubectl(['create', '-f', '-'], JSON.stringify(NODE));
  await kubectl(['patch', 'node', NODE.metadata.name, '--subresource=status', '-p', JSON.stringify(IS_READY)]);
  engine = await start();
  kubelet = runPods();
});

after(async () => {
  stop.abort();
  await kubelet;
  await engine.close();
  await namespace.kubectl(['delete', 'pods', '--all', '--grace-period=0', '--force']);
  await kubectl(['delete', 'node', NODE.metadata.name]);
  await namespace[Symbol.asyncDispose]();
  await client.close();
});

test('a canary that does well comes to be the version in use, and the spec that says so restarts nothing', async () => {
  await apply('good', 1, { image: imageOf(2), promotion: 'Automatic', minRequests: 10, minDuration: '0s' });
  const trial = await until('good', ({ status }) => status?.rollout?.startedAt !== undefined);
  assert.equal(trial.status?.rollout?.phase, 'Progressing');
  await until('good', () => weights('good').then(({ stable, canary }) => stable === 90 && canary === 10));
  await untilRuns('good', { image: imageOf(1), replicas: 2 });
  await untilRuns('good-canary', { image: imageOf(2), replicas: 1 });
  await until('good', () => addressesOf('good-canary').then((found) => found.length === 1));
  await until('good', () => addressesOf('good').then((found) => found.length === 2));

  count('good', { stable: { requests: 90, errors: 1 }, canary: { requests: 12, errors: 0 } });
  const promoted = await until('good', ({ status }) => status?.rollout?.phase === 'Promoted');
  assert.deepEqual([promoted.status?.rollout?.requests, promoted.status?.rollout?.stableErrors], [12, 1]);
  await untilRuns('good-canary', undefined);
  await untilRuns('good', { image: imageOf(2), replicas: 3 });
  await until('good', () => weights('good').then(({ stable }) => stable === 100));
  await until('good', () => addressesOf('good').then((found) => found.length === 3));
  const ready = await until('good', (server) => conditionOf(server, 'CanaryReady')?.reason === 'Promoted');
  assert.equal(ready.status?.source, `image ${imageOf(2)}`);
  await until('good', () => events('good').then((text) => /Normal\s+Promoted.*0 of 12 requests failed/.test(text)));
  const promotions = /mcp_operator_rollouts_total\{phase="Promoted"\} 1/;
  await until('good', () => engine.metrics.text().then(({ body }) => promotions.test(body)));

  // Whoever comes to lead goes on from what was decided.
  const pods = await podsOf('good');
  await engine.close();
  engine = await start();
  await apply('good', 2);
  await until('good', ({ status, metadata }) => status?.observedGeneration === metadata.generation);
  await until('good', ({ status }) => status?.rollout === undefined);
  assert.deepEqual(await runs('good'), { image: imageOf(2), replicas: 3 });
  assert.deepEqual(await podsOf('good'), pods);
});

test('a canary that errs is rolled back, stays so over a restart of the operator, and the next one is tried', async () => {
  await apply('bad', 1, { image: imageOf(2), promotion: 'Automatic' });
  await until('bad', ({ status }) => status?.rollout?.startedAt !== undefined);
  count('bad', { stable: { requests: 90, errors: 0 }, canary: { requests: 8, errors: 7 } });
  const { status } = await until('bad', (server) => server.status?.rollout?.phase === 'RolledBack');
  assert.equal(status?.rollout?.reason, 'ErrorRateTooHigh');
  await until('bad', () => runs('bad-canary').then((found) => found?.replicas === 0));
  await until('bad', () => runs('bad').then((found) => found?.replicas === 3));
  await until('bad', () => weights('bad').then(({ stable, canary }) => stable === 100 && canary === 0));
  const told = await until('bad', (server) => conditionOf(server, 'CanaryReady')?.reason === 'RolledBack');
  assert.equal(conditionOf(told, 'CanaryReady')?.status, 'False');
  await until('bad', (server) => conditionOf(server, 'Ready')?.status === 'True');
  await until('bad', () => events('bad').then((text) => /Warning\s+RolledBack.*7 of 8 requests failed/.test(text)));

  await engine.close();
  engine = await start();
  assert.deepEqual(await runs('bad'), { image: imageOf(1), replicas: 3 });
  await apply('bad', 1, { image: imageOf(3), promotion: 'Automatic' });
  const next = await until('bad', (server) => server.status?.rollout?.phase === 'Progressing');
  assert.notEqual(next.status?.rollout?.hash, status?.rollout?.hash);
  assert.equal(next.status?.rollout?.errors, 0);
  await until('bad', () => runs('bad-canary').then((found) => found?.image === imageOf(3) && found.replicas === 1));
});

test('a canary that crashes is rolled back before anybody calls it', async () => {
  await apply('crash', 1, { image: imageOf(666), promotion: 'Automatic' });
  const { status } = await until('crash', (server) => server.status?.rollout?.phase === 'RolledBack');
  assert.equal(status?.rollout?.reason, 'CanaryFailing');
  assert.match(status?.rollout?.message ?? '', /CrashLoopBackOff/);
});

test('changed tools wait for people, who decide by an annotation about the version that it names', async () => {
  tools.canary = 'write';
  await apply('held', 1, { image: imageOf(2), promotion: 'Automatic', minRequests: 1, minDuration: '0s' });
  const { status } = await until('held', (server) => server.status?.rollout?.phase === 'Held');
  tools.canary = 'read';
  assert.equal(status?.rollout?.reason, 'DefinitionsChanged');
  assert.match(status?.rollout?.message ?? '', /missing: `read`/);
  const hash = status?.rollout?.hash ?? '';
  await namespace.kubectl(['annotate', 'mcpserver', 'held', `${ANNOTATIONS.rollout}=promote:${hash}`]);
  await until('held', (server) => server.status?.rollout?.reason === 'Requested');
  await until('held', () => runs('held').then((found) => found?.image === imageOf(2)));
  await namespace.kubectl(['annotate', '--overwrite', 'mcpserver', 'held', `${ANNOTATIONS.rollout}=rollback:${hash}`]);
  await until('held', () => runs('held').then((found) => found?.image === imageOf(1)));
});

test('a canary never takes the name of another server, and has it when that is gone', async () => {
  for (const name of ['late', 'late-canary']) {
    await apply(name, 1);
    await until(name, (server) => conditionOf(server, 'Ready')?.status === 'True');
  }
  await apply('late', 1, { image: imageOf(2) });
  const refused = await until('late', (server) => conditionOf(server, 'CanaryReady')?.reason === 'NameInUse');
  assert.match(conditionOf(refused, 'CanaryReady')?.message ?? '', /belongs to server `[^`]+\/late-canary`/);
  await until('late', (server) => conditionOf(server, 'Ready')?.status === 'True');
  assert.equal(await ownerOf('late-canary'), 'late-canary');
  assert.deepEqual(await runs('late'), { image: imageOf(1), replicas: 3 });
  assert.deepEqual(await weights('late'), { stable: 100 });
  await namespace.kubectl(['delete', 'mcpserver', 'late-canary']);
  await until('late', () => runs('late-canary').then((found) => found?.image === imageOf(2)));
  await until('late', () => weights('late').then(({ canary }) => canary === 10));
  assert.equal(await ownerOf('late-canary'), 'late');
});

test('a server that comes to the name of a canary is refused, and the canary goes on', async () => {
  await apply('twin', 1, { image: imageOf(2) });
  await until('twin', ({ status }) => status?.rollout?.startedAt !== undefined);
  await apply('twin-canary', 1);
  const refused = await until('twin-canary', (server) => conditionOf(server, 'PolicyReady')?.reason === 'NameInUse');
  assert.equal(conditionOf(refused, 'WorkloadReady')?.reason, 'NameInUse');
  assert.deepEqual(await weights('twin-canary'), {});
  assert.deepEqual(await runs('twin-canary'), { image: imageOf(2), replicas: 1 });
  assert.equal(await ownerOf('twin-canary'), 'twin');
  await apply('twin', 1);
  await until('twin-canary', (server) => conditionOf(server, 'Ready')?.status === 'True');
  assert.equal(await ownerOf('twin-canary'), 'twin-canary');
});

async function untilRuns(name: string, wanted: Awaited<ReturnType<typeof runs>>): Promise<void> {
  await untilTrue(`${name} runs ${JSON.stringify(wanted)}`, async () => isDeepStrictEqual(await runs(name), wanted));
}

async function ownerOf(name: string): Promise<string | undefined> {
  const deployment = await client.get(DEPLOYMENTS, { namespace: namespace.name, name });
  return deployment?.metadata.ownerReferences?.[0]?.name;
}

function start(): Promise<Engine> {
  return startOperatorIn(
    namespace,
    client,
    { engine: { trialInterval: '100ms' } },
    {
      probe: async (_key, _url, { track = 'stable' }) => ({
        ...HANDSHAKE,
        tools: [{ name: tools[track], description: undefined, annotations: {}, inputSchema: {} }],
      }),
      readTracks: async () => counted,
    },
  );
}

function count(server: string, counts: { stable: Counts; canary: Counts }): void {
  counted.set(`${namespace.name}/${server}`, counts);
}

function imageOf(version: number): string {
  return `localhost/files:${version}`;
}

async function apply(name: string, version: number, canary?: object): Promise<void> {
  const none = { requests: 0, errors: 0 };
  count(name, { stable: none, canary: none });
  const rollout = { strategy: 'Canary', canaryReplicas: 1, canary: { weight: 10, ...canary } };
  const spec = { image: imageOf(version), replicas: 3, ...(canary === undefined ? {} : { rollout }) };
  await namespace.apply(aServer(name, spec));
}

/** What a scheduler and a kubelet do. Pods are ready as soon as they are there; those of one version crash. */
async function runPods(): Promise<void> {
  let address = 0;
  while (!stop.signal.aborted) {
    const { items } = await client.list(PODS, { namespace: namespace.name });
    for (const pod of items) {
      const { name, deletionTimestamp } = pod.metadata;
      if (deletionTimestamp !== undefined) {
        await namespace.kubectl(['delete', 'pod', name, '--grace-period=0', '--force', '--ignore-not-found']);
        continue;
      }
      if (JSON.stringify(pod.status).includes('podIP')) continue;
      await bind(name);
      address += 1;
      const isCrashing = JSON.stringify(pod.spec).includes(imageOf(666));
      const podIP = `10.9.0.${address}`;
      const status = {
        phase: 'Running',
        podIP,
        podIPs: [{ ip: podIP }],
        conditions: [{ type: 'Ready', status: isCrashing ? 'False' : 'True' }],
        containerStatuses: isCrashing ? [CRASHED] : [],
      };
      const bound = await client.get(PODS, pod.metadata);
      if (bound !== undefined) await client.updateStatus(PODS, { ...bound, status }).catch(() => {});
    }
    await delay(50);
  }
}

/** Pods of no node are in no EndpointSlice. */
async function bind(pod: string): Promise<void> {
  const binding = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: pod },
    target: { apiVersion: 'v1', kind: 'Node', name: NODE.metadata.name },
  };
  const path = `/api/v1/namespaces/${namespace.name}/pods/${pod}/binding`;
  await kubectl(['create', '--raw', path, '-f', '-'], JSON.stringify(binding)).catch(() => {});
}

const CRASHED = {
  name: 'crash',
  image: 'x',
  imageID: 'x',
  ready: false,
  restartCount: 2,
  state: { waiting: { reason: 'CrashLoopBackOff' } },
};

/** Shares of the tracks, as gateways are told. */
async function weights(name: string): Promise<Readonly<Record<string, number>>> {
  const { items } = await client.list(CONFIG_MAPS, { namespace: namespace.name });
  const decoded = decodeDelivery({ namespace: namespace.name, name }, items);
  const upstream = decoded.ok ? decoded.route.upstream : undefined;
  if (upstream === undefined || !('tracks' in upstream)) return {};
  return Object.fromEntries(upstream.tracks.map(({ track, weight }) => [track, weight]));
}

async function runs(name: string): Promise<{ readonly image: string; readonly replicas: number } | undefined> {
  const deployment = await client.get(DEPLOYMENTS, { namespace: namespace.name, name });
  if (deployment === undefined) return undefined;
  const text = JSON.stringify(deployment.spec);
  const image = /"image":"([^"]+)"/.exec(text)?.[1] ?? '';
  return { image, replicas: Number(/"replicas":(\d+)/.exec(text)?.[1]) };
}

/** Names of the pods of a server that are not about to end. */
async function podsOf(server: string): Promise<readonly string[]> {
  const { items } = await client.list(PODS, { namespace: namespace.name, labels: { [LABELS.server]: server } });
  const staying = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return staying.map(({ metadata }) => metadata.name).toSorted();
}

async function addressesOf(service: string): Promise<readonly string[]> {
  const labels = { 'kubernetes.io/service-name': service };
  const { items } = await client.list(ENDPOINT_SLICES, { namespace: namespace.name, labels });
  return items.flatMap(({ endpoints }) =>
    (endpoints ?? []).flatMap(({ addresses, conditions }) => (conditions?.ready === true ? addresses : [])),
  );
}

function conditionOf({ status }: MCPServer, wanted: string) {
  return status?.conditions?.find(({ type }) => type === wanted);
}

async function events(name: string): Promise<string> {
  return namespace.kubectl([
    'get',
    'events',
    `--field-selector=involvedObject.kind=MCPServer,involvedObject.name=${name}`,
  ]);
}

function until(name: string, is: (server: MCPServer) => boolean | Promise<boolean>): Promise<MCPServer> {
  return untilServer(namespace, client, name, is);
}
