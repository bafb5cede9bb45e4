import assert from 'node:assert/strict';
import { request } from 'node:http';
import { suite, test } from 'node:test';
import { LABELS } from '../../packages/api/src/index.ts';
import { workloadName } from '../../packages/delivery/src/index.ts';
import { SERVERS } from '../../packages/control-plane/src/index.ts';
import { INGRESSES, SERVICES } from '../../packages/kube/src/index.ts';
import { testNamespace } from '../support/kubectl.ts';
import { aServer } from '../support/objects.ts';
import { startGateway } from '../support/standalone.ts';
import { tempDir } from '../support/temp-dir.ts';
import { untilTrue } from '../support/until.ts';
import { kubeconfigPath, noCluster, openClient } from './support/cluster.ts';
import { serveDefinitions } from './support/definitions.ts';
import { aGatewayIn, runPods, startOperatorIn } from './support/engine.ts';

/** From a server whose name no label, no Service and, at the longest, no policy could carry, to gateways and back. */

const NAMES = {
  'of 70 characters': 'a-server-whose-name-is-longer-than-any-label-of-kubernetes-could-be-it',
  'of 253 characters': `${'long.'.repeat(50)}ish`,
  'that begins with a digit': '2nd.files',
};
const HOST = 'files.example.org';

suite('names', { skip: noCluster }, async () => {
  for (const [what, name] of Object.entries(NAMES)) {
    test(`a server with a name ${what} is made, governed, kept over a restart and removed`, async () => {
      await using use = new AsyncDisposableStack();
      const client = use.use(await openClient());
      await serveDefinitions(client);
      const namespace = use.use(await testNamespace('names'));
      await aGatewayIn(namespace);
      const ingress = { ingress: { kind: 'ingress', class: 'local' } };
      const operator = use.use(await startOperatorIn(namespace, client, ingress));
      const folder = use.use(await tempDir());
      const watching = ['--watch', '--kubeconfig', kubeconfigPath()];
      const gateway = use.use(await startGateway(watching, folder.path));
      const key = { namespace: namespace.name, name };
      const spec = { image: 'localhost/files:1', ingressHost: HOST, publicPathPrefix: namespace.name };
      await namespace.apply(aServer(name, spec));
      await runPods(namespace, client, workloadName(name));
      const phase = async (): Promise<string | undefined> => (await client.get(SERVERS, key))?.status?.phase;
      await untilTrue('it is ready', async () => (await phase()) === 'Ready');

      assert.ok(await client.get(SERVICES, { ...key, name: workloadName(name) }));
      const [made] = (await client.list(INGRESSES, { namespace: namespace.name })).items;
      const serves = async (): Promise<boolean> =>
        (await (await fetch(`${gateway.url}/config/status`)).text()).includes(`"${namespace.name}/${name}"`);
      await untilTrue('the gateway serves it', serves);
      assert.deepEqual(await askAt(gateway.url, namespace.name), { [HOST]: 415, 'other.example.org': 403 });

      await operator.close();
      use.use(await startOperatorIn(namespace, client, ingress));
      await namespace.apply(aServer('later', { ...spec, publicPathPrefix: 'later' }));
      const ingressOf = async (one: string) =>
        (await client.list(INGRESSES, { namespace: namespace.name })).items.find(
          ({ metadata }) => metadata.name === one || metadata.uid === one,
        );
      await untilTrue(
        'what came after the restart is done',
        async () => (await ingressOf(`${namespace.name}.later`)) !== undefined,
      );
      assert.ok(await ingressOf(made?.metadata.uid ?? 'nothing'), 'the Ingress is still the same');

      await namespace.kubectl(['delete', 'mcpserver', name]);
      const select = ['--selector', `${LABELS.server}=${workloadName(name)}`, '-o', 'name'];
      const kinds = 'deployment,service,configmap,networkpolicy,ingress';
      await untilTrue('nothing of it is left', async () => (await namespace.kubectl(['get', kinds, ...select])) === '');
      await untilTrue('the gateway serves it no more', async () => !(await serves()));
    });
  }
});

/** The status of an answer by the host that the call names: one whose host is served is refused for what it sends. */
async function askAt(url: string, path: string): Promise<Readonly<Record<string, number>>> {
  const ask = (host: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const asking = request(`${url}/${path}/mcp`, { method: 'POST', headers: { host } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      asking.on('error', reject).end('{}');
    });
  return { [HOST]: await ask(HOST), 'other.example.org': await ask('other.example.org') };
}
