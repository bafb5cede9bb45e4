import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, afterEach, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { CLUSTER, LABELS } from '../../packages/api/src/index.ts';
import { setGrantDisabled } from '../../packages/control-plane/src/index.ts';
import { type Agent, bearer, openAgent, openModernAgent } from '../support/agent.ts';
import { type TestNamespace, kubectl, testNamespace } from '../support/kubectl.ts';
import { until, untilTrue } from '../support/until.ts';
import { type AuditVolumes, auditVolumes } from './support/audit-volumes.ts';
import { EVERYTHING, everythingWith } from './support/everything.ts';
import { type Installation, allReady, install } from './support/installation.ts';
import { type Load, startLoad } from './support/load.ts';
import { IN_NAMESPACE, deleteByForce, killProcesses, podsOf, recovered } from './support/pods.ts';

const REPLICAS = 3;
const GRANTED = 'echo';
const NOT_GRANTED = 'get-sum';
const CALLERS_OF_AN_ERA = 2;
const AWAY_MS = 10_000;
const CLUSTER_DIR = process.env['MCP_CLUSTER_DIR'];
/** What calls may come to while a part is away: an answer, or a connection that broke. Never a session that is unknown. */
const TOLERATED = ['allowed', 'cut'];

/** Parts of the installation fail while agents of both eras of MCP call. Nobody mends anything by hand. */
suite('faults', () => {
  let installation: Installation;
  let namespace: TestNamespace;
  let volumes: AuditVolumes | undefined;
  let url: string;
  let token: string;
  let load: Load;

  before(async () => {
    if (CLUSTER_DIR !== undefined) volumes = await auditVolumes(join(CLUSTER_DIR, 'volumes'), REPLICAS);
    installation = await install([`gateway.replicas=${REPLICAS}`, ...(volumes?.settings ?? [])]);
    namespace = await testNamespace('faults');
    await namespace.apply(...everythingWith({ granted: [GRANTED], others: [NOT_GRANTED] }));
    await allReady(namespace.name, [EVERYTHING]);
    token = await installation.sessionToken(namespace.name, EVERYTHING);
    url = await installation.endpoint(namespace.name, EVERYTHING);
    load = startLoad(await agents(), { granted: GRANTED, notGranted: NOT_GRANTED });
    await load.goesOn();
  });
  after(async () => {
    await load.stop();
    await namespace[Symbol.asyncDispose]();
  });
  afterEach(() => assert.equal(load.allowedWithoutGrant(), 0, 'no call without a grant was let through'));

  test('gateways are replaced, one after another: no call is cut', async (context) => {
    load.forget();
    await rollout('restart');
    await rollout('status');
    await load.goesOn();
    context.diagnostic(load.summary());
    assert.deepEqual(others(['allowed']), []);
  });

  test('a version that does not start takes no call with it, and is left by going back', async (context) => {
    load.forget();
    const image = `${CLUSTER.gateway}=localhost/none:1`;
    await kubectl([...IN_NAMESPACE, 'set', 'image', gateways(), image]);
    await untilTrue('a pod of it is there', async () =>
      (await podsOf(CLUSTER.gateway)).some((pod) => pod.image === 'localhost/none:1'),
    );
    await load.goesOn();
    await rollout('undo');
    await rollout('status');
    await load.goesOn();
    context.diagnostic(load.summary());
    assert.deepEqual(others(['allowed']), []);
  });

  const WAYS = {
    'deleted by force': { end: deleteByForce, skip: false },
    'killed in their pods': { end: killProcesses, skip: withoutProcesses() },
  };
  for (const [how, { end, skip }] of Object.entries(WAYS)) {
    test(`gateways are ${how}, one after another: agents go on at the others`, { skip }, async (context) => {
      load.forget();
      for (const victim of await podsOf(CLUSTER.gateway)) {
        await end(victim);
        await load.goesOn();
        await recovered(CLUSTER.gateway, REPLICAS, victim);
      }
      await load.goesOn();
      context.diagnostic(load.summary());
      assert.deepEqual(others(TOLERATED), []);
    });
  }

  test('an operator that is killed: calls go on, and the next one carries on', async (context) => {
    load.forget();
    const [victim] = await podsOf(CLUSTER.operator);
    assert.ok(victim);
    await deleteByForce(victim);
    await load.goesOn();
    assert.deepEqual(others(TOLERATED), []);
    context.diagnostic(load.summary());
    await revocationCounts();
  });

  test('the store of the cluster is away for ten seconds', { skip: withoutProcesses() }, async (context) => {
    load.forget();
    await processOf('stop', 'etcd', 'KILL');
    await delay(AWAY_MS);
    await load.goesOn();
    await processOf('start', 'etcd');
    await load.goesOn();
    assert.deepEqual(others(TOLERATED), []);
    context.diagnostic(load.summary());
    await revocationCounts();
  });

  test('the agent of the node is away for ten seconds', { skip: withoutProcesses() }, async (context) => {
    load.forget();
    await processOf('stop', 'kubelet', 'KILL');
    await delay(AWAY_MS);
    await load.goesOn();
    await processOf('start', 'kubelet');
    await load.goesOn();
    assert.deepEqual(others(TOLERATED), []);
    context.diagnostic(load.summary());
  });

  test('a server that is killed: agents begin new sessions, and it is Ready again', async () => {
    const get = ['get', 'pods', `--selector=${LABELS.server}=${EVERYTHING}`, '--output=name'];
    const [victim = ''] = (await namespace.kubectl(get)).split('\n');
    await namespace.kubectl(['delete', victim, '--force', '--grace-period=0']);
    await until('a new session is opened', async () => {
      const agent = await openAgent(url, bearer(token)).catch(() => undefined);
      return (await agent?.call(GRANTED, { message: 'x' }))?.verdict === 'allowed' ? agent : undefined;
    });
    await allReady(namespace.name, [EVERYTHING]);
  });

  test(
    'every call that was answered is in one audit log, and all of them are whole',
    { skip: withoutProcesses() },
    async (context) => {
      await load.stop();
      assert.ok(volumes);
      const { writers, records } = await volumes.read();
      assert.deepEqual(
        writers,
        Array.from({ length: REPLICAS }, (_, index) => `${CLUSTER.gateway}-${index}`),
      );
      const answered = [...load.answered()];
      assert.deepEqual(
        answered.filter((id) => records.get(id) !== 1).map((id) => [id, records.get(id) ?? 0]),
        [],
      );
      context.diagnostic(`${answered.length} answers, ${records.size} requests recorded by ${writers.length} gateways`);
    },
  );

  function gateways(): string {
    return `${volumes === undefined ? 'deployment' : 'statefulset'}/${CLUSTER.gateway}`;
  }

  async function rollout(action: 'restart' | 'status' | 'undo'): Promise<void> {
    await kubectl([...IN_NAMESPACE, 'rollout', action, gateways(), ...(action === 'status' ? ['--timeout=180s'] : [])]);
  }

  async function agents(): Promise<readonly Agent[]> {
    const openings = [openAgent, openModernAgent].flatMap((open) =>
      Array.from({ length: CALLERS_OF_AN_ERA }, () => open),
    );
    return Promise.all(openings.map((open) => open(url, bearer(token))));
  }

  function others(expected: readonly string[]): readonly string[] {
    return [...load.counts().keys()].filter((verdict) => !expected.includes(verdict));
  }

  /** An operator that lost its Lease begins anew: a change counts once it is there. */
  async function revocationCounts(): Promise<void> {
    await until('the API answers', () => operatorAvailable().catch(() => undefined));
    const key = { namespace: namespace.name, name: EVERYTHING };
    await until('the API takes a change', () =>
      setGrantDisabled(installation.client, key, true).catch(() => undefined),
    );
    await untilTrue('every caller is refused', () => load.newest().every((verdict) => verdict === 'tool_not_granted'));
    await setGrantDisabled(installation.client, key, false);
    await load.goesOn();
  }
});

async function operatorAvailable(): Promise<string> {
  return kubectl([...IN_NAMESPACE, 'rollout', 'status', `deployment/${CLUSTER.operator}`, '--timeout=120s']);
}

function withoutProcesses(): string | false {
  return CLUSTER_DIR === undefined && 'the cluster of KUBECONFIG is not ours to break';
}

async function processOf(action: 'start' | 'stop', name: string, ...signal: readonly string[]): Promise<void> {
  const script = new URL('../cluster/process.sh', import.meta.url).pathname;
  await promisify(execFile)(script, [action, name, ...signal], { env: { ...process.env, CLUSTER_DIR } });
}
