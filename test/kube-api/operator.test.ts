import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ANNOTATIONS, API_VERSION, LABELS, type MCPServer } from '../../packages/api/src/index.ts';
import { silentLogger } from '../../packages/base/src/index.ts';
import { SERVERS } from '../../packages/control-plane/src/index.ts';
import { CONFIG_MAPS, DEPLOYMENTS, type KubeObject, PODS, SERVICES } from '../../packages/kube/src/index.ts';
import { type Engine, startEngine } from '../../apps/operator/src/cluster/engine/engine.ts';
import { OperatorSettings } from '../../apps/operator/src/cluster/index.ts';
import { kubectl, testNamespace } from '../support/kubectl.ts';
import { openClient } from './support/cluster.ts';

/** The engine on a real API server with controllers. Pods run nowhere: the tests say of them what a kubelet would. */

const client = await openClient();
const namespace = await testNamespace('operator');
let engine: Engine;

before(async () => {
  await kubectl(['apply', '--server-side', '--force-conflicts', '-k', join(import.meta.dirname, '../../deploy/crds')]);
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
  engine = startEngine({
    client,
    settings: OperatorSettings.parse({
      watchNamespace: namespace.name,
      images: { runtime: 'localhost/none:1' },
      gateway: { namespace: namespace.name },
      ingress: { kind: 'none' },
    }),
    probe: async () => ({ protocolVersion: '2025-11-25', serverInfo: { name: 'x', version: '1' }, tools: [] }),
    tokenKeys: () => undefined,
    sessionKeys: () => undefined,
    readRevisions: published,
    readTracks: async () => new Map(),
    readActivity: () => Promise.reject(new Error('nobody asks')),
    clock: () => Date.now(),
    log: silentLogger,
  });
  engine.lead();
  await engine.synced;
  // Gateways, by an address that nobody asks: what they serve is what is published.
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'gateways', labels: { 'kubernetes.io/service-name': 'mcp-runtime-gateway' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['192.0.2.1'] }],
    ports: [{ name: 'http', port: 8080 }],
  };
  await namespace.kubectl(['apply', '-f', '-'], JSON.stringify(slice));
});

after(async () => {
  await engine.close();
  await namespace[Symbol.asyncDispose]();
  await client.close();
});

test('a server is ready once its pods are, its policy is served, and it has shaken hands', async () => {
  await apply('files');
  await runPods('files');
  const server = await until('files', (found) => found.status?.phase === 'Ready');
  assert.deepEqual(
    server.status?.conditions?.map(({ type, status }) => [type, status]),
    ['WorkloadReady', 'ServiceReady', 'IngressReady', 'PolicyReady', 'GatewayReady', 'Ready'].map((type) => [
      type,
      'True',
    ]),
  );
  const events = await namespace.kubectl([
    'get',
    'events',
    '--field-selector=involvedObject.kind=MCPServer,reason=Ready',
  ]);
  assert.match(events, /Normal\s+Ready\s+mcpserver\/files\s+the server answers through the gateway/);
});

test('what others add stays, what they change of ours is put right, and a second look writes nothing', async () => {
  await apply('edited');
  const key = { namespace: namespace.name, name: 'edited' };
  await found(DEPLOYMENTS, 'edited');
  const sidecar = { name: 'injected', image: 'localhost/injected:1' };
  await patch('deployment/edited', [
    { op: 'add', path: '/spec/template/spec/containers/-', value: sidecar },
    { op: 'add', path: '/metadata/annotations/theirs', value: 'x' },
    { op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'localhost/other:1' },
  ]);
  for (;;) {
    const text = JSON.stringify((await client.get(DEPLOYMENTS, key))?.spec);
    if (text.includes('localhost/files:1') && text.includes('localhost/injected:1')) break;
    await delay(50);
  }
  const repaired = await client.get(DEPLOYMENTS, key);
  assert.equal(repaired?.metadata.annotations?.['theirs'], 'x');
  const drift = async (): Promise<string> =>
    /^mcp_operator_drift_repaired_total.*$/m.exec((await engine.metrics.text()).body)?.[0] ?? '';
  const counted = await drift();
  assert.match(counted, /kind="Deployment"\} 1$/);
  await patch('deployment/edited', [{ op: 'add', path: '/metadata/annotations/theirs', value: 'y' }]);
  await until('edited', ({ status }) => status !== undefined);
  assert.equal(await drift(), counted);
});

test('replicas are those of an autoscaler while there is one', async () => {
  const scaled = { namespace: namespace.name, name: 'scaled' };
  await apply('scaled');
  await found(DEPLOYMENTS, 'scaled');
  const scaler = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'scaled' },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'scaled' }, maxReplicas: 5 },
  };
  await namespace.kubectl(['apply', '-f', '-'], JSON.stringify(scaler));
  // Before the operator has seen the autoscaler it takes the replicas back.
  do {
    await namespace.kubectl(['scale', 'deployment', 'scaled', '--replicas=3']);
    await delay(500);
  } while (!/"replicas":3/.test(JSON.stringify((await client.get(DEPLOYMENTS, scaled))?.spec)));
  await namespace.kubectl([
    'patch',
    'mcpserver',
    'scaled',
    '--type=merge',
    '-p',
    '{"spec":{"envVars":[{"name":"A","value":"b"}]}}',
  ]);
  for (;;) {
    const deployment = await client.get(DEPLOYMENTS, scaled);
    if (JSON.stringify(deployment?.spec).includes('"name":"A"')) {
      assert.match(JSON.stringify(deployment?.spec), /"replicas":3/);
      return;
    }
    await delay(50);
  }
});

test('a deleted server takes everything of it along', async () => {
  await apply('gone');
  await found(SERVICES, 'gone');
  await found(CONFIG_MAPS, 'gone-gateway-policy');
  await namespace.kubectl(['delete', 'mcpserver', 'gone']);
  const select = ['--selector', `${LABELS.server}=gone`];
  while (
    (await namespace.kubectl(['get', 'deployment,service,configmap,networkpolicy', '-o', 'name', ...select])) !== ''
  )
    await delay(100);
});

async function apply(name: string, spec: object = {}): Promise<void> {
  const server = {
    apiVersion: API_VERSION,
    kind: 'MCPServer',
    metadata: { name },
    spec: { image: 'localhost/files:1', tools: [{ name: 'read', sideEffect: 'read' }], ...spec },
  };
  await namespace.kubectl(['apply', '-f', '-'], JSON.stringify(server));
}

async function patch(object: string, operations: readonly object[]): Promise<void> {
  await namespace.kubectl(['patch', object, '--type=json', '-p', JSON.stringify(operations)]);
}

/** What a kubelet says of pods that run. */
async function runPods(server: string): Promise<void> {
  for (;;) {
    const { items } = await client.list(PODS, { namespace: namespace.name, labels: { [LABELS.server]: server } });
    for (const pod of items) {
      const conditions = [{ type: 'Ready', status: 'True' }];
      await client.updateStatus(PODS, { ...pod, status: { phase: 'Running', conditions } });
    }
    if (items.length > 0) return;
    await delay(50);
  }
}

async function published(): Promise<ReadonlyMap<string, string>> {
  const { items } = await client.list(CONFIG_MAPS, { namespace: namespace.name, labels: { [LABELS.part]: 'policy' } });
  return new Map(
    items.map(({ metadata }) => [
      `${metadata.namespace}/${metadata.labels?.[LABELS.server]}`,
      metadata.annotations?.[ANNOTATIONS.policyRevision] ?? '',
    ]),
  );
}

async function until(name: string, is: (server: MCPServer) => boolean): Promise<MCPServer> {
  for (;;) {
    const server = await client.get(SERVERS, { namespace: namespace.name, name });
    if (server !== undefined && is(server)) return server;
    await delay(50);
  }
}

async function found(type: Parameters<typeof client.get<KubeObject>>[0], name: string): Promise<void> {
  while ((await client.get(type, { namespace: namespace.name, name })) === undefined) await delay(50);
}
