/** From the first call to its answer: the operator, a gateway's process and a real API server. Only the kubelet is played. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { LABELS, MANAGED_BY } from '../../packages/api/src/index.ts';
import { SERVERS } from '../../packages/control-plane/src/index.ts';
import { DEPLOYMENTS, ENDPOINT_SLICES, PODS } from '../../packages/kube/src/index.ts';
import { type KubernetesClient } from '../../packages/kube/src/kubernetes/index.ts';
import { readActivityAt } from '../../apps/operator/src/cluster/sleep/read-activity.ts';
import { testNamespace } from '../support/kubectl.ts';
import { startGateway } from '../support/standalone.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';
import { FILES, askAsAlice, filesForAlice } from './support/alice.ts';
import { startAnswering } from './support/answering.ts';
import { kubeconfigPath, noCluster, openClient } from './support/cluster.ts';
import { serveDefinitions } from './support/definitions.ts';
import { DEFINITIONS, HANDSHAKE, aGatewayIn, startOperatorIn } from './support/engine.ts';

const CALLERS = 50;
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
      await using server = await startAnswering('0.0.0.0');
      const flags = ['--watch', '--kubeconfig', kubeconfigPath(), '--trust-headers-from', '127.0.0.0/8'];
      await using gateway = await startGateway(flags, folder.path);
      const readHere = readActivityAt(Number(new URL(gateway.url).port));
      await using _engine = await startOperatorIn(
        namespace,
        client,
        {},
        {
          probe: async () => ({ ...HANDSHAKE, definitions: DEFINITIONS }),
          readActivity: ({ pod }, seen, signal) => readHere({ pod, address: '127.0.0.1' }, seen, signal),
        },
      );
      await aGatewayIn(namespace);
      await using _kubelet = playKubelet(client, namespace.name, server.port);
      const url = `${gateway.url}/${namespace.name}/mcp`;
      const files = filesForAlice({
        image: 'localhost/files:1',
        port: server.port,
        mcpPath: '/mcp',
        publicPathPrefix: namespace.name,
        sleep: { after: '1s' },
        tools: [
          { name: 'read', sideEffect: 'read' },
          { name: 'write', sideEffect: 'write' },
        ],
      });
      await namespace.apply(...files);

      const phaseIs = (phase: string) =>
        until(`its phase is ${phase}`, async () => {
          const found = await client.get(SERVERS, { namespace: namespace.name, name: FILES });
          return found?.status?.phase === phase ? true : undefined;
        });
      const replicas = async (): Promise<string | undefined> => {
        const found = await client.get(DEPLOYMENTS, { namespace: namespace.name, name: FILES });
        return /"replicas":(\d+)/.exec(JSON.stringify(found?.spec))?.[1];
      };
      await phaseIs('Asleep');
      await until('there is no pod', async () => {
        const { items } = await client.list(PODS, { namespace: namespace.name });
        return items.length === 0 ? true : undefined;
      });
      // The gateway sees a moment later than we do that the last pod is gone.
      const listed = await until('the gateway answers', async () => {
        const { text } = await askAsAlice(url, 'tools/list');
        return text.includes('"name":"read"') ? text : undefined;
      });
      const before = server.calls();
      assert.doesNotMatch(listed, /"name":"write"/);
      assert.equal((await askAsAlice(url, 'tools/call', { name: 'write' })).verdict, 'side_effect_not_allowed');
      assert.equal(await replicas(), '0');
      assert.equal(server.calls(), before);

      const startedAt = performance.now();
      const wokenAt = until('it is scaled up', async () =>
        (await replicas()) === '1' ? performance.now() : undefined,
      );
      const answers = await Promise.all(
        Array.from({ length: CALLERS }, () => askAsAlice(url, 'tools/call', { name: 'read', arguments: {} })),
      );
      for (const { text } of answers) assert.match(text, /"result"/);
      assert.equal(server.calls() - before, CALLERS);
      t.diagnostic(`from the first call to a replica that is wanted: ${((await wokenAt) - startedAt).toFixed(0)} ms`);
      await phaseIs('Ready');
    });
  },
);

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
      labels: { 'kubernetes.io/service-name': FILES, [LABELS.managedBy]: MANAGED_BY },
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
