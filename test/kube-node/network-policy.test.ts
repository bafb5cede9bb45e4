import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { API_VERSION, CLUSTER, LABELS, MCPServer } from '../../packages/api/src/index.ts';
import { NAMESPACES } from '../../packages/kube/src/index.ts';
import { OperatorSettings, planObjects } from '../../apps/operator/src/cluster/index.ts';
import { planTenant } from '../../apps/operator/src/cluster/tenancy/plan.ts';
import { type TestNamespace, testNamespace } from '../support/kubectl.ts';

/** Who reaches whom: the policies that are planned and shipped, on a node that enforces them. */

const root = join(import.meta.dirname, '../..');
const IMAGE = 'localhost/mcp-runtime:dev';
const PORTS = { server: 8088, gateway: CLUSTER.ports.gateway, admin: CLUSTER.ports.gatewayAdmin, outside: 8000 };
const SETTLES_MS = 30_000;

const installation = await testNamespace('net-install');
const outside = await testNamespace('net-outside');
const teamA = await testNamespace('net-a');
const teamB = await testNamespace('net-b');
const settings = OperatorSettings.parse({
  images: { runtime: IMAGE },
  gateway: { namespace: installation.name },
});
const addresses = new Map<string, string>();

before(async () => {
  await installation.kubectl(['apply', '-f', '-'], await gatewayPolicy());
  for (const team of [teamA, teamB]) await furnish(team);
  const gateway = { [LABELS.program]: CLUSTER.gateway };
  await listen(installation, 'gateway', [PORTS.gateway, PORTS.admin], gateway);
  await listen(outside, 'outside', [PORTS.outside, PORTS.outside + 1], {});
  await listen(teamA, 'neighbour', [PORTS.outside], {});
  await listen(teamA, 'files', [PORTS.server], serverLabels('files'));
  await policyOf('files', []);
  const declared = [{ cidr: `${addressOf('outside')}/32`, ports: [PORTS.outside] }];
  await policyOf('caller', declared);
});

after(async () => {
  for (const namespace of [installation, outside, teamA, teamB]) await namespace[Symbol.asyncDispose]();
});

interface Row {
  readonly what: string;
  readonly from: TestNamespace;
  readonly labels: Readonly<Record<string, string>>;
  /** By the pod that is called and its port. */
  readonly reaches: Readonly<Record<string, boolean>>;
}

const ROWS: readonly Row[] = [
  {
    what: 'a pod of another team reaches neither a server nor a gateway’s admin port',
    from: teamB,
    labels: {},
    reaches: {
      [`files:${PORTS.server}`]: false,
      [`gateway:${PORTS.admin}`]: false,
      [`neighbour:${PORTS.outside}`]: false,
    },
  },
  {
    what: 'a server of another team reaches neither',
    from: teamB,
    labels: serverLabels('intruder'),
    reaches: { [`files:${PORTS.server}`]: false, [`gateway:${PORTS.admin}`]: false },
  },
  {
    what: 'a pod of no team reaches the gateway where everybody may, and nothing else',
    from: outside,
    labels: {},
    reaches: {
      [`files:${PORTS.server}`]: false,
      [`gateway:${PORTS.gateway}`]: true,
      [`gateway:${PORTS.admin}`]: false,
    },
  },
  {
    what: 'a gateway reaches servers',
    from: installation,
    labels: { [LABELS.program]: CLUSTER.gateway },
    reaches: { [`files:${PORTS.server}`]: true },
  },
  {
    what: 'a neighbour reaches neighbours, and no server past the gateway',
    from: teamA,
    labels: {},
    reaches: { [`neighbour:${PORTS.outside}`]: true, [`files:${PORTS.server}`]: false },
  },
  {
    what: 'a server that declares nothing calls nobody',
    from: teamA,
    labels: serverLabels('files'),
    reaches: { [`outside:${PORTS.outside}`]: false, [`neighbour:${PORTS.outside}`]: false },
  },
  {
    what: 'a server calls what it declares, and no other port of it',
    from: teamA,
    labels: serverLabels('caller'),
    reaches: {
      [`outside:${PORTS.outside}`]: true,
      [`outside:${PORTS.outside + 1}`]: false,
      [`files:${PORTS.server}`]: false,
    },
  },
];

for (const [index, { what, from, labels, reaches }] of ROWS.entries()) {
  test(what, async () => {
    const wanted = Object.fromEntries(
      Object.entries(reaches).map(([target, is]) => {
        const [pod = '', port = ''] = target.split(':');
        return [`${addressOf(pod)}:${port}`, is];
      }),
    );
    const name = `caller-${index}`;
    const command = ['node', '-e', CALLS, JSON.stringify(wanted), String(SETTLES_MS)];
    await from.apply(podOf(name, labels, command));
    await from.kubectl(['wait', '--for=jsonpath={.status.phase}=Succeeded', `pod/${name}`, '--timeout=120s']);
    assert.deepEqual(JSON.parse(await from.kubectl(['logs', name])), wanted);
  });
}

/** A policy is enforced a moment after a pod has started, so it asks until everything is as wanted, or time is up. */
const CALLS = `
const net = require('node:net');
const wanted = JSON.parse(process.argv[1]);
const until = Date.now() + Number(process.argv[2]);
const reached = (target) => new Promise((resolve) => {
  const [host, port] = target.split(':');
  const socket = net.connect({ host, port: Number(port), timeout: 2000 });
  const end = (is) => { socket.destroy(); resolve(is); };
  socket.on('connect', () => end(true)).on('timeout', () => end(false)).on('error', () => end(false));
});
(async () => {
  for (;;) {
    const entries = Object.keys(wanted).map(async (target) => [target, await reached(target)]);
    const found = Object.fromEntries(await Promise.all(entries));
    if (JSON.stringify(found) === JSON.stringify(wanted) || Date.now() > until) return console.log(JSON.stringify(found));
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
})();
`;

const LISTENS = `
const net = require('node:net');
for (const port of process.argv.slice(1)) net.createServer((socket) => socket.end()).listen(Number(port));
`;

async function listen(
  namespace: TestNamespace,
  name: string,
  ports: readonly number[],
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  const command = ['node', '-e', LISTENS, ...ports.map(String)];
  await namespace.apply(podOf(name, labels, command));
  await namespace.kubectl(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=120s']);
  addresses.set(name, await namespace.kubectl(['get', 'pod', name, '-o', 'jsonpath={.status.podIP}']));
}

function addressOf(pod: string): string {
  return addresses.get(pod) ?? assert.fail(`no pod \`${pod}\` was started`);
}

function podOf(name: string, labels: Readonly<Record<string, string>>, command: readonly string[]): object {
  const securityContext = {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  };
  // By this name the policy of a server knows it.
  const ports = [{ name: 'http', containerPort: PORTS.server }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ name: 'node', image: IMAGE, imagePullPolicy: 'Never', command, ports, securityContext }],
    },
  };
}

function serverLabels(name: string): Readonly<Record<string, string>> {
  return { app: name, [LABELS.server]: name };
}

/** The NetworkPolicy that the operator plans for a server. */
async function policyOf(name: string, egress: readonly object[]): Promise<void> {
  const server = MCPServer.parse({
    apiVersion: API_VERSION,
    kind: 'MCPServer',
    metadata: { name, namespace: teamA.name, uid: '00000000-0000-4000-8000-000000000001' },
    spec: { image: 'localhost/none:1', port: PORTS.server, ...(egress.length > 0 && { network: { egress } }) },
  });
  const plan = planObjects(server, settings, {
    autoscaled: new Set(),
    addresses: {},
    activity: 'awake',
    apiServer: [],
  });
  assert.equal(plan.kind, 'objects');
  const policy = plan.objects.find(({ kind }) => kind === 'NetworkPolicy');
  assert.ok(policy);
  // By name alone: its owner is no object of this cluster, so garbage collection would remove it, and so would an operator that
  // an earlier test has installed, by its labels.
  const metadata = { name: policy.metadata.name };
  await teamA.apply({ ...policy, metadata });
}

async function furnish(team: TestNamespace): Promise<void> {
  const metadata = { name: team.name, namespace: '' };
  const plan = planTenant(NAMESPACES.parse({ apiVersion: 'v1', kind: 'Namespace', metadata }), settings);
  const items = plan.objects.filter(({ kind }) => kind === 'NetworkPolicy' || kind === 'LimitRange');
  await team.apply(...items);
}

/** The policy of gateways that the installation ships, for the namespace that stands for it here. */
async function gatewayPolicy(): Promise<string> {
  const shipped = parseAllDocuments(await readFile(join(root, 'deploy/base/network-policies.yaml'), 'utf8'));
  const policy = shipped.map((one) => one.toJS()).find(({ metadata }) => metadata.name === CLUSTER.gateway);
  assert.ok(policy);
  return JSON.stringify({ ...policy, metadata: { ...policy.metadata, namespace: installation.name } });
}
