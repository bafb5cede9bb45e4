import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { CLUSTER } from '../../packages/api/src/index.ts';
import { setGrantDisabled } from '../../packages/control-plane/src/index.ts';
import { type Agent, bearer, openAgent, post } from '../support/agent.ts';
import { type TestNamespace, testNamespace } from '../support/kubectl.ts';
import { until, untilTrue } from '../support/until.ts';
import { PROGRAM, everythingWith } from './support/everything.ts';
import { guardedBy } from './support/guarded.ts';
import { type Installation, allReady, install } from './support/installation.ts';

const GRANTED = 'echo';
const NOT_GRANTED = 'get-sum';
const HELLO = { message: 'hello' } as const;
const SIDECAR = 'beside';
const STDIO = 'streams';
const GUARDED = { shared: 'guarded', sidecar: 'guarded-beside' };
const SECRET = 'credential';
const PYTHON = 'clock';
const PYTHON_IMAGE = 'localhost/mcp-runtime-python:test';
const noPython = existsSync(new URL('../../build/images/mcp-runtime-python.tar', import.meta.url))
  ? false
  : 'there is no Python, or no index of its packages (`npm run image -- --tests` says which)';
const PORTS = { server: 3001, gateway: 8091 };
const REGISTRY = 'http://10.240.0.1:4873';
const SETTINGS = {
  images: { pypi: PYTHON_IMAGE },
  packages: { npmRegistry: REGISTRY, pypiIndex: `${REGISTRY}/simple/` },
  ingress: { class: 'local' },
};
const INGRESS = 'http://10.240.0.1';

/** Ways to run and to reach a server that the tour does not take. */
suite('placements', () => {
  let installation: Installation;
  let namespace: TestNamespace;

  before(async () => {
    installation = await install([`settings=${JSON.stringify(SETTINGS)}`]);
    namespace = await testNamespace('placed');
    const tools = { granted: [GRANTED], others: [NOT_GRANTED] };
    const servers = [
      ...everythingWith({
        ...tools,
        name: SIDECAR,
        spec: { replicas: 2, gateway: { enabled: true, placement: 'sidecar', port: PORTS.gateway } },
      }),
      ...everythingWith({
        ...tools,
        name: STDIO,
        spec: { transport: 'stdio', command: [PROGRAM.node, PROGRAM.server], args: ['stdio'] },
      }),
    ];
    const clock = everythingWith({
      granted: ['get_current_time'],
      others: ['convert_time'],
      name: PYTHON,
      spec: {
        image: undefined,
        imageTag: undefined,
        source: { pypi: { package: 'mcp-server-time', version: '2026.10.19' } },
        transport: 'stdio',
      },
    });
    await setCredential('first');
    const guarded = [GUARDED.shared, GUARDED.sidecar].flatMap((name, index) => {
      const gateway = index === 0 ? {} : { gateway: { enabled: true, placement: 'sidecar', port: PORTS.gateway } };
      return everythingWith({ granted: ['whoami'], name, spec: { ...guardedBy(SECRET), ...gateway } });
    });
    await namespace.apply(...servers, ...guarded, ...(noPython === false ? clock : []));
    await allReady(namespace.name, [SIDECAR, STDIO, ...Object.values(GUARDED)]);
  });
  after(() => namespace[Symbol.asyncDispose]());

  test('an image that speaks on its standard streams is bridged and governed', async () => {
    const agent = await openAgent(await installation.endpoint(namespace.name, STDIO), await tokenOf(STDIO));
    await saysHello(agent);
    assert.equal((await agent.call(NOT_GRANTED, { a: 1, b: 2 })).verdict, 'tool_not_granted');
  });

  test('a gateway hands a server the credential of a Secret, which it may read by a role of its own', async () => {
    for (const name of Object.values(GUARDED)) {
      const agent = await openAgent(await inCluster(name), await tokenOf(name));
      assert.match((await agent.call('whoami')).text, /Bearer first/);
    }
    await setCredential('second');
    const agent = await openAgent(await inCluster(GUARDED.shared), await tokenOf(GUARDED.shared));
    await untilTrue('another one counts', async () => /Bearer second/.test((await agent.call('whoami')).text));
  });

  test('a gateway in the pod allows and refuses, and a session that one began goes on at the other', async () => {
    const [first, second] = await gatewaysInPods();
    const agent = await openAgent(first, await tokenOf(SIDECAR));
    await saysHello(agent);
    const elsewhere = agent.at(second);
    await saysHello(elsewhere);
    assert.equal((await elsewhere.call(NOT_GRANTED, { a: 1, b: 2 })).verdict, 'tool_not_granted');
    assert.equal((await post({ url: first, body: toolCall() })).verdict, 'missing_bearer_token');
  });

  test('a grant that is disabled ends calls at both of them', async () => {
    const credentials = await tokenOf(SIDECAR);
    const agents = await Promise.all((await gatewaysInPods()).map((url) => openAgent(url, credentials)));
    const grant = { namespace: namespace.name, name: SIDECAR };
    await setGrantDisabled(installation.client, grant, true);
    for (const agent of agents) {
      const verdict = await until('it is refused', async () => {
        const { verdict: told } = await agent.call(GRANTED, HELLO);
        return told === 'allowed' ? undefined : told;
      });
      assert.equal(verdict, 'tool_not_granted');
    }
    await setGrantDisabled(installation.client, grant, false);
    for (const agent of agents)
      await untilTrue('it counts again', async () => (await agent.call(GRANTED, HELLO)).verdict === 'allowed');
  });

  test('a pod of somebody else reaches the gateway in the pod, and neither the server beside it nor its admin port', async () => {
    await using outside = await testNamespace('outside');
    const [pod = ''] = await podAddresses();
    const ports = [PORTS.gateway, PORTS.server, CLUSTER.ports.gatewayAdmin];
    await outside.apply(podThatCalls(pod, ports));
    await outside.kubectl(['wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/caller', '--timeout=120s']);
    assert.deepEqual(JSON.parse(await outside.kubectl(['logs', 'caller'])), [true, false, false]);
  });

  test('through the ingress controller of the cluster, whichever gateway is behind', async () => {
    for (const name of [SIDECAR, STDIO]) {
      await namespace.kubectl(['wait', '--for=condition=IngressReady', `mcpserver/${name}`, '--timeout=120s']);
      const { pathname } = new URL(await installation.endpoint(namespace.name, name));
      const agent = await openAgent(INGRESS + pathname, await tokenOf(name));
      await saysHello(agent);
      assert.equal((await agent.call(NOT_GRANTED, { a: 1, b: 2 })).verdict, 'tool_not_granted');
    }
  });

  // It takes the longest to come up.
  test('a package of PyPI is installed by its pod, bridged and governed', { skip: noPython }, async () => {
    await allReady(namespace.name, [PYTHON]);
    const agent = await openAgent(await installation.endpoint(namespace.name, PYTHON), await tokenOf(PYTHON));
    const { verdict, text } = await agent.call('get_current_time', { timezone: 'Europe/Berlin' });
    assert.equal(verdict, 'allowed', text);
    assert.match(text, /Europe\/Berlin/);
    assert.equal((await agent.call('convert_time')).verdict, 'tool_not_granted');
  });

  async function setCredential(token: string): Promise<void> {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: SECRET }, stringData: { token } };
    await namespace.apply(secret);
  }

  /** By the address of its gateways. */
  async function inCluster(name: string): Promise<string> {
    if (name !== GUARDED.sidecar) return installation.endpoint(namespace.name, name);
    const get = ['get', 'service', name, '--output=jsonpath={.spec.clusterIP}'];
    const { pathname } = new URL(await installation.endpoint(namespace.name, name));
    return `http://${await namespace.kubectl(get)}${pathname}`;
  }

  async function tokenOf(name: string): Promise<Readonly<Record<string, string>>> {
    return bearer(await installation.sessionToken(namespace.name, name));
  }

  async function podAddresses(): Promise<readonly string[]> {
    const get = ['get', 'pods', `--selector=app=${SIDECAR}`, '--output=jsonpath={.items[*].status.podIP}'];
    return (await namespace.kubectl(get)).split(' ');
  }

  async function gatewaysInPods(): Promise<readonly [string, string]> {
    const { pathname } = new URL(await installation.endpoint(namespace.name, SIDECAR));
    const [first, second] = (await podAddresses()).map((address) => `http://${address}:${PORTS.gateway}${pathname}`);
    assert.ok(first !== undefined && second !== undefined);
    return [first, second];
  }
});

async function saysHello(agent: Agent): Promise<void> {
  const { verdict, text } = await agent.call(GRANTED, HELLO);
  assert.equal(verdict, 'allowed', text);
  assert.match(text, /hello/);
}

function toolCall(): object {
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: GRANTED, arguments: HELLO } };
}

const CALLS = `
const net = require('node:net');
const [host, ...ports] = process.argv.slice(1);
const reached = (port) => new Promise((resolve) => {
  const socket = net.connect({ host, port: Number(port), timeout: 2000 });
  const end = (is) => { socket.destroy(); resolve(is); };
  socket.on('connect', () => end(true)).on('timeout', () => end(false)).on('error', () => end(false));
});
Promise.all(ports.map(reached)).then((all) => console.log(JSON.stringify(all)));
`;

function podThatCalls(host: string, ports: readonly number[]): object {
  const command = ['node', '-e', CALLS, host, ...ports.map(String)];
  const container = { name: 'node', image: 'localhost/mcp-runtime:dev', imagePullPolicy: 'Never', command };
  const metadata = { name: 'caller' };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { restartPolicy: 'Never', containers: [container] } };
}
