import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { LABELS, type MCPServer } from '../../packages/api/src/index.ts';
import { CONFIG_MAPS, DEPLOYMENTS, type KubeObject, SERVICES } from '../../packages/kube/src/index.ts';
import { type Engine } from '../../apps/operator/src/cluster/engine/engine.ts';
import { testNamespace } from '../support/kubectl.ts';
import { aServer, anAutoscaler } from '../support/objects.ts';
import { until as eventually, untilTrue } from '../support/until.ts';
import { openClient } from './support/cluster.ts';
import { serveDefinitions } from './support/definitions.ts';
import { aGatewayIn, runPods, startOperatorIn, untilServer } from './support/engine.ts';

/** The engine on a real API server with controllers. Pods run nowhere: the tests say of them what a kubelet would. */

const client = await openClient();
const namespace = await testNamespace('operator');
let engine: Engine;

before(async () => {
  await serveDefinitions(client);
  engine = await startOperatorIn(namespace, client);
  await aGatewayIn(namespace);
});

after(async () => {
  await engine.close();
  await namespace[Symbol.asyncDispose]();
  await client.close();
});

test('a server is ready once its pods are, its policy is served, and it has shaken hands', async () => {
  await apply('files');
  await runPods(namespace, client, 'files');
  const server = await until('files', (found) => found.status?.phase === 'Ready');
  assert.deepEqual(
    server.status?.conditions?.map(({ type, status }) => [type, status]),
    ['WorkloadReady', 'ServiceReady', 'IngressReady', 'PolicyReady', 'GatewayReady', 'Ready'].map((type) => [
      type,
      'True',
    ]),
  );
  const get = ['get', 'events', '--field-selector=involvedObject.kind=MCPServer,reason=Ready'];
  await untilTrue('an event says so', async () =>
    /Normal\s+Ready\s+mcpserver\/files\s+the server answers through the gateway/.test(await namespace.kubectl(get)),
  );
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
  const counted = await eventually('it is counted', async () => {
    const found = await drift();
    return found.endsWith('kind="Deployment"} 1') ? found : undefined;
  });
  await patch('deployment/edited', [{ op: 'add', path: '/metadata/annotations/theirs', value: 'y' }]);
  await until('edited', ({ status }) => status !== undefined);
  assert.equal(await drift(), counted);
});

test('replicas are those of an autoscaler while there is one', async () => {
  const scaled = { namespace: namespace.name, name: 'scaled' };
  await apply('scaled');
  await found(DEPLOYMENTS, 'scaled');
  await namespace.apply(anAutoscaler('scaled'));
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

async function apply(name: string): Promise<void> {
  await namespace.apply(aServer(name, { image: 'localhost/files:1', tools: [{ name: 'read', sideEffect: 'read' }] }));
}

async function patch(object: string, operations: readonly object[]): Promise<void> {
  await namespace.kubectl(['patch', object, '--type=json', '-p', JSON.stringify(operations)]);
}

function until(name: string, is: (server: MCPServer) => boolean): Promise<MCPServer> {
  return untilServer(namespace, client, name, is);
}

async function found(type: Parameters<typeof client.get<KubeObject>>[0], name: string): Promise<void> {
  while ((await client.get(type, { namespace: namespace.name, name })) === undefined) await delay(50);
}
