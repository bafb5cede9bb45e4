/** From the first call to its answer: the operator, a gateway's process and a real API server. Only the kubelet is played. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { API_VERSION, LABELS, MANAGED_BY, type ServerDefinitions } from '../../packages/api/src/index.ts';
import { GRANTS, SERVERS, SESSIONS } from '../../packages/control-plane/src/index.ts';
import { DEPLOYMENTS, ENDPOINT_SLICES, PODS } from '../../packages/kube/src/index.ts';
import { type KubernetesClient } from '../../packages/kube/src/kubernetes/index.ts';
import { readActivityAt } from '../../apps/operator/src/cluster/sleep/read-activity.ts';
import { testNamespace } from '../support/kubectl.ts';
import { startGateway } from '../support/standalone.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { startAnswering } from './support/answering.ts';
import { noCluster, openClient } from './support/cluster.ts';
import { serveDefinitions } from './support/definitions.ts';
import { aGatewayIn, startOperatorIn } from './support/engine.ts';

const CALLERS = 50;
const ABOUT = { serverRef: { name: 'files' }, subject: { humanID: 'alice', agentID: 'agent' } };
const DEFINITIONS: ServerDefinitions = {
  schema_version: 'v1',
  server_info: { name: 'x', version: '1' },
  capabilities: { tools: {} },
  tools: [{ name: 'read' }, { name: 'write' }],
};
/** Kubernetes takes no loopback address for that of a pod. */
const ADDRESS = Object.values(networkInterfaces())
  .flatMap((found) => found ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

suite(
  'waking',
  { skip: noCluster ?? (ADDRESS === undefined ? 'this machine has no address for a pod' : false) },
  () => {
    test('a list wakes nobody, nor does a refused call; an allowed one does, and all that come meanwhile are answered', async (t) => {
      await using client = await openClient();
      await serveDefinitions(client);
      await using namespace = await testNamespace('wake');
      await using folder = await tempDir();
      const kubeconfig = (process.env['KUBECONFIG'] ?? '').split(':')[0] ?? '';
      await using server = await startAnswering('0.0.0.0');
      const flags = ['--watch', '--kubeconfig', kubeconfig, '--trust-headers-from', '127.0.0.0/8'];
      await using gateway = await startGateway(flags, folder.path);
      const readHere = readActivityAt(Number(new URL(gateway.url).port));
      await using _engine = await startOperatorIn(
        namespace,
        client,
        {},
        {
          probe: async () => ({
            protocolVersion: '2025-11-25',
            serverInfo: { name: 'x', version: '1' },
            tools: [],
            definitions: DEFINITIONS,
          }),
          readActivity: ({ pod }, seen, signal) => readHere({ pod, address: '127.0.0.1' }, seen, signal),
        },
      );
      await aGatewayIn(namespace);
      await using _kubelet = playKubelet(client, namespace.name, server.port);
      const url = `${gateway.url}/${namespace.name}/mcp`;
      await publish(client, namespace.name, server.port);

      const phaseIs = (phase: string) =>
        until(`its phase is ${phase}`, async () => {
          const found = await client.get(SERVERS, { namespace: namespace.name, name: 'files' });
          return found?.status?.phase === phase ? true : undefined;
        });
      const replicas = async (): Promise<string | undefined> => {
        const found = await client.get(DEPLOYMENTS, { namespace: namespace.name, name: 'files' });
        return /"replicas":(\d+)/.exec(JSON.stringify(found?.spec))?.[1];
      };
      await phaseIs('Asleep');
      await until('there is no pod', async () => {
        const { items } = await client.list(PODS, { namespace: namespace.name });
        return items.length === 0 ? true : undefined;
      });
      // The gateway sees a moment later than we do that the last pod is gone.
      const listed = await until('the gateway answers', async () => {
        const answer = await ask(url, 'tools/list', {});
        return answer.includes('"name":"read"') ? answer : undefined;
      });
      const before = server.calls();
      assert.doesNotMatch(listed, /"name":"write"/);
      assert.match(await ask(url, 'tools/call', { name: 'write' }), /side_effect_not_allowed/);
      assert.equal(await replicas(), '0');
      assert.equal(server.calls(), before);

      const startedAt = performance.now();
      const wokenAt = until('it is scaled up', async () =>
        (await replicas()) === '1' ? performance.now() : undefined,
      );
      const answers = await Promise.all(
        Array.from({ length: CALLERS }, () => ask(url, 'tools/call', { name: 'read', arguments: {} })),
      );
      for (const answer of answers) assert.match(answer, /"result"/);
      assert.equal(server.calls() - before, CALLERS);
      t.diagnostic(`from the first call to a replica that is wanted: ${((await wokenAt) - startedAt).toFixed(0)} ms`);
      await phaseIs('Ready');
    });
  },
);

async function publish(client: KubernetesClient, namespace: string, port: number): Promise<void> {
  const metadata = (name: string) => ({ name, namespace });
  await client.create(GRANTS, {
    apiVersion: API_VERSION,
    kind: 'MCPAccessGrant',
    metadata: metadata('g1'),
    spec: { ...ABOUT, maxTrust: 'high', allowedSideEffects: ['read'] },
  });
  await client.create(SESSIONS, {
    apiVersion: API_VERSION,
    kind: 'MCPAgentSession',
    metadata: metadata('s1'),
    spec: { ...ABOUT, consentedTrust: 'high' },
  });
  await client.create(SERVERS, {
    apiVersion: API_VERSION,
    kind: 'MCPServer',
    metadata: metadata('files'),
    spec: {
      image: 'localhost/files:1',
      port,
      mcpPath: '/mcp',
      publicPathPrefix: namespace,
      sleep: { after: '1s' },
      auth: { mode: 'header' },
      policy: { denials: 'explain' },
      session: { required: true },
      gateway: { enabled: true },
      tools: [
        { name: 'read', sideEffect: 'read' },
        { name: 'write', sideEffect: 'write' },
      ],
    },
  });
}

/** Says of every pod that it runs, at this machine. */
function playKubelet(client: KubernetesClient, namespace: string, port: number): AsyncDisposable {
  const stop = new AbortController();
  const status = {
    phase: 'Running',
    podIP: ADDRESS,
    podIPs: [{ ip: ADDRESS }],
    conditions: [{ type: 'Ready', status: 'True' }],
  };
  // The controller leaves out pods that are on no node.
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'files-pods',
      namespace,
      labels: { 'kubernetes.io/service-name': 'files', [LABELS.managedBy]: MANAGED_BY },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', port }],
  };
  const play = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const { items } = await client.list(PODS, { namespace });
      const fresh = items.filter((pod) => !JSON.stringify(pod.status ?? {}).includes('"Running"'));
      for (const pod of fresh) await client.updateStatus(PODS, { ...pod, status }).catch(() => {});
      const endpoints = items.length === 0 ? [] : [{ addresses: [ADDRESS], conditions: { ready: true } }];
      await client.apply(ENDPOINT_SLICES, { ...slice, endpoints }, { fieldManager: 'test', force: 'force' });
      await delay(50);
    }
  };
  const playing = play();
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await playing;
    },
  };
}

async function ask(url: string, method: string, params: object): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'x-mcp-human-id': 'alice',
      'x-mcp-agent-id': 'agent',
      'x-mcp-agent-session': 's1',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return await response.text();
}
