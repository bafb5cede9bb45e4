import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { CLUSTER, LABELS, OPERATOR_METRICS } from '../../packages/api/src/index.ts';
import { findHelm } from '../support/helm.ts';
import { type TestNamespace, kubectl, testNamespace } from '../support/kubectl.ts';
import { until, untilTrue } from '../support/until.ts';
import { ENDS_AT_ONCE, EVERYTHING, everythingWith } from './support/everything.ts';
import { allReady } from './support/installation.ts';
import {
  IN_NAMESPACE,
  type ProgramPod,
  killProcesses,
  podsOf,
  processesOf,
  recovered,
  signalProcesses,
} from './support/pods.ts';

const ROOT = join(import.meta.dirname, '../..');
const CHART = join(ROOT, 'deploy/helm/mcp-runtime');
const RELEASE = 'mcp-runtime';
const IMAGE = 'image=localhost/mcp-runtime:dev';

const found = findHelm();
const skip =
  'missing' in found
    ? found.missing
    : process.env['MCP_CLUSTER_DIR'] === undefined && 'the cluster of KUBECONFIG is not ours to install on';

/** The life of a release of the chart: installed, upgraded, through the loss of its leader, and removed. */
suite('a release of the chart', { skip }, () => {
  let namespace: TestNamespace;

  before(async () => {
    await kubectl(['delete', '--ignore-not-found', '-f', join(ROOT, 'deploy/install.yaml')]);
    namespace = await testNamespace('helm');
  });
  after(async () => {
    await namespace[Symbol.asyncDispose]();
  });

  test('install: a server becomes Ready', async () => {
    await helm('install', RELEASE, CHART, '--set', IMAGE, '--set', 'gateway.replicas=1', '--wait', '--timeout=2m');
    await namespace.apply(...everythingWith({ granted: ['echo'], spec: ENDS_AT_ONCE }));
    await allReady(namespace.name, [EVERYTHING]);
  });

  test('each program runs with the collector that is good for it', async () => {
    assert.deepEqual(await collectorOf(CLUSTER.operator), ['--max-semi-space-size=4']);
    assert.deepEqual(await collectorOf(CLUSTER.gateway), ['--max-semi-space-size=16', '--no-parallel-scavenge']);
  });

  test('upgrade: a second operator waits, and writes nothing', async () => {
    await helm('upgrade', RELEASE, CHART, '--reuse-values', '--set', 'operator.replicas=2', '--wait', '--timeout=2m');
    const leading = await until('one leads and one waits', async () => {
      const replicas = await operators();
      return replicas.length === 2 && replicas.filter(({ leads }) => leads === 1).length === 1 ? replicas : undefined;
    });
    for (const { leads, writes } of leading) if (leads === 0) assert.equal(writes, 0);
    await allReady(namespace.name, [EVERYTHING]);
  });

  test('the leader is killed: it leads again as soon as its container is back', async (context) => {
    const before = await holder();
    const leader = await podOf(before);
    assert.equal(before, `${leader.name}_${leader.uid}`, 'the next process in the pod has the same name');
    const killedAt = performance.now();
    await killProcesses(leader);
    await oneChange('killed');
    context.diagnostic(`a change is written ${secondsSince(killedAt)} s after the kill`);
    await recovered(CLUSTER.operator, 2, leader);
  });

  test('the leader hangs: the other one takes over, and each change is written once', async (context) => {
    const before = await holder();
    const leader = await podOf(before);
    const hungAt = performance.now();
    await signalProcesses(leader, 'SIGSTOP');
    const next = await untilLater('another one holds the Lease', async () => {
      const now = await holder();
      return now !== '' && now !== before ? now : undefined;
    });
    context.diagnostic(`another operator leads ${secondsSince(hungAt)} s after one hangs`);
    assert.notEqual(next, before);
    await signalProcesses(leader, 'SIGCONT');
    await oneChange('hung');
    await untilTrue('one leads', async () => {
      const leads = (await operators()).map((one) => one.leads);
      return leads.reduce((sum, one) => sum + one, 0) === 1;
    });
  });

  test('uninstall: definitions stay with what was written, all else goes', async () => {
    await kubectl(['delete', 'mcpserver', '--all', '--all-namespaces', '--cascade=foreground']);
    await helm('uninstall', RELEASE, '--wait', '--timeout=2m');
    const kinds = 'namespaces,clusterroles,clusterrolebindings,validatingwebhookconfigurations,priorityclasses';
    const ours = ['get', kinds, '--selector=app.kubernetes.io/part-of=mcp-runtime', '--output=name'];
    await untilTrue('it is gone', async () => (await kubectl(ours)) === '');
    const kept = await namespace.kubectl(['get', 'mcpaccessgrants,mcpagentsessions', '--output=name']);
    assert.deepEqual(kept.trim().split('\n'), [
      `mcpaccessgrant.mcpruntime.org/${EVERYTHING}`,
      `mcpagentsession.mcpruntime.org/${EVERYTHING}`,
    ]);
    await kubectl(['delete', '-k', join(ROOT, 'deploy/crds')]);
  });

  /** Written to the Deployment once, whoever leads. */
  async function oneChange(value: string): Promise<void> {
    const generation = await generationOf(EVERYTHING);
    const patch = JSON.stringify({ spec: { envVars: [{ name: 'A', value }] } });
    await namespace.kubectl(['patch', 'mcpserver', EVERYTHING, '--type=merge', '--patch', patch]);
    await untilTrue('the change is written', async () => (await generationOf(EVERYTHING)) > generation);
    await allReady(namespace.name, [EVERYTHING]);
    assert.equal(await generationOf(EVERYTHING), generation + 1);
  }

  async function generationOf(deployment: string): Promise<number> {
    return Number(await namespace.kubectl(['get', 'deployment', deployment, '-o=jsonpath={.metadata.generation}']));
  }
});

async function helm(...args: readonly string[]): Promise<void> {
  await promisify(execFile)('program' in found ? found.program : 'helm', args);
}

/** Flags for the collector that the first pod of a program runs with. */
async function collectorOf(program: string): Promise<readonly string[]> {
  const [pod] = await podsOf(program);
  assert.ok(pod);
  const [{ words } = { words: [] }] = await processesOf(pod);
  return words.filter((word) => /semi-space|scavenge/.test(word));
}

async function podOf(identity: string): Promise<ProgramPod> {
  const pod = (await podsOf(CLUSTER.operator)).find(({ name }) => name === identity.replace(/_.*$/, ''));
  return pod ?? assert.fail(`no pod of ${identity}`);
}

function secondsSince(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1);
}

/** `POD_UID` of the leader. */
async function holder(): Promise<string> {
  return kubectl([...IN_NAMESPACE, 'get', 'lease', CLUSTER.lease, '--output=jsonpath={.spec.holderIdentity}']);
}

interface Replica {
  readonly leads: number;
  readonly writes: number;
}

/** What operators that run say of themselves. */
async function operators(): Promise<readonly Replica[]> {
  const selector = `--selector=${LABELS.program}=${CLUSTER.operator}`;
  const get = [...IN_NAMESPACE, 'get', 'pods', selector, '--output=jsonpath={.items[*].status.podIP}'];
  const addresses = (await kubectl(get)).split(' ').filter((address) => address !== '');
  const told = addresses.map(async (address) => {
    const response = await fetch(`http://${address}:${CLUSTER.ports.operatorAdmin}/metrics`).catch(() => undefined);
    return response === undefined ? [] : [replicaOf(await response.text())];
  });
  return (await Promise.all(told)).flat();
}

function replicaOf(metrics: string): Replica {
  const sumOf = (name: string): number =>
    metrics
      .split('\n')
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  return { leads: sumOf(OPERATOR_METRICS.leader.name), writes: sumOf(OPERATOR_METRICS.writes.name) };
}

/** A Lease is taken over once it has run out. */
async function untilLater<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  return until(what, look).catch(() => until(what, look));
}
