import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, afterEach, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { CLUSTER, LABELS } from '../../../packages/api/src/index.ts';
import { setGrantDisabled } from '../../../packages/control-plane/src/index.ts';
import { type Agent, bearer, openAgent } from '../../support/agent.ts';
import { type TestNamespace, kubectl, testNamespace } from '../../support/kubectl.ts';
import { until, untilTrue } from '../../support/until.ts';
import { EVERYTHING, everythingWith } from '../support/everything.ts';
import { type Installation, allReady, install } from '../support/installation.ts';

const REPLICAS = 3;
const GRANTED = 'echo';
const NOT_GRANTED = 'get-sum';
const CALLERS = 4;
const AWAY_MS = 10_000;
const CLUSTER_DIR = process.env['MCP_CLUSTER_DIR'];
/** What calls may come to while a part is away: an answer, or a connection that broke. Never a session that is unknown. */
const TOLERATED = new Set(['allowed', 'cut']);

/**
 * Parts of the installation fail while agents call. Nobody mends anything by hand. In a folder of its own, since what it breaks
 * takes its time to enforce policies again: npm run cluster -- exec node --test test/kube-node/faults/faults.test.ts
 */
suite('faults', () => {
  let installation: Installation;
  let namespace: TestNamespace;
  let url: string;
  let token: string;
  let load: Load;

  before(async () => {
    installation = await install([`gateway.replicas=${REPLICAS}`]);
    namespace = await testNamespace('faults');
    await namespace.kubectl(
      ['apply', '-f', '-'],
      JSON.stringify(everythingWith({ granted: [GRANTED], others: [NOT_GRANTED] })),
    );
    await allReady(namespace.name, [EVERYTHING]);
    token = await installation.sessionToken(namespace.name, EVERYTHING);
    url = await installation.endpoint(namespace.name, EVERYTHING);
    load = startLoad(await agents());
    await load.goesOn();
  });
  after(async () => {
    await load.stop();
    await namespace[Symbol.asyncDispose]();
  });
  afterEach(() => assert.equal(load.allowedWithoutGrant(), 0, 'no call without a grant was let through'));

  test('gateways are killed, one after another: MCP sessions go on at the others', async (context) => {
    load.forget();
    for (const victim of await podsOf(CLUSTER.gateway)) {
      await kill(victim);
      await load.goesOn();
      await available(CLUSTER.gateway);
    }
    await load.goesOn();
    context.diagnostic(load.summary());
    assert.deepEqual(load.others(), []);
  });

  test('an operator that is killed: calls go on, and the next one carries on', async (context) => {
    load.forget();
    const [victim = ''] = await podsOf(CLUSTER.operator);
    await kill(victim);
    await load.goesOn();
    assert.deepEqual(load.others(), []);
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
    assert.deepEqual(load.others(), []);
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
    assert.deepEqual(load.others(), []);
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

  async function agents(): Promise<readonly Agent[]> {
    return Promise.all(Array.from({ length: CALLERS }, () => openAgent(url, bearer(token))));
  }

  /** An operator that lost its Lease begins anew: a change counts once it is there. */
  async function revocationCounts(): Promise<void> {
    await until('the API answers', () => available(CLUSTER.operator).catch(() => undefined));
    const key = { namespace: namespace.name, name: EVERYTHING };
    await until('the API takes a change', () =>
      setGrantDisabled(installation.client, key, true).catch(() => undefined),
    );
    await untilTrue('every caller is refused', () => load.newest().every((verdict) => verdict === 'tool_not_granted'));
    await setGrantDisabled(installation.client, key, false);
    await load.goesOn();
  }
});

interface Load {
  /** Forgets what calls came to so far. */
  forget(): void;
  /** Resolves once every caller has been let through again since it was asked. */
  goesOn(): Promise<void>;
  newest(): readonly string[];
  /** What calls of the granted tool came to beside what is tolerated. */
  others(): readonly string[];
  allowedWithoutGrant(): number;
  summary(): string;
  stop(): Promise<void>;
}

/** Every agent calls a tool that it may use and one that it may not, in turns, without a pause. */
function startLoad(agents: readonly Agent[]): Load {
  const stopped = new AbortController();
  const newest: string[] = [];
  const throughAt: number[] = [];
  let counts = new Map<string, number>();
  let withoutGrant = 0;
  const keepCalling = async (agent: Agent, index: number): Promise<void> => {
    while (!stopped.signal.aborted) {
      const verdict = await verdictOf(agent, GRANTED, { message: 'x' });
      newest[index] = verdict;
      counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
      if (verdict === 'allowed') throughAt[index] = performance.now();
      if ((await verdictOf(agent, NOT_GRANTED, { a: 1, b: 2 })) === 'allowed') withoutGrant += 1;
    }
  };
  const ended = Promise.all(agents.map(keepCalling));
  return {
    forget: () => (counts = new Map()),
    goesOn: () => {
      const from = performance.now();
      return untilTrue(`calls go on, and do not come to ${newest.join()}`, () =>
        agents.every((_, index) => (throughAt[index] ?? 0) > from),
      );
    },
    newest: () => newest,
    others: () => [...counts.keys()].filter((verdict) => !TOLERATED.has(verdict)),
    allowedWithoutGrant: () => withoutGrant,
    summary: () => [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', '),
    stop: async () => {
      stopped.abort();
      await ended;
    },
  };
}

async function verdictOf(agent: Agent, tool: string, args: object): Promise<string> {
  try {
    return (await agent.call(tool, args)).verdict;
  } catch {
    return 'cut';
  }
}

const IN_NAMESPACE = ['--namespace', CLUSTER.namespace] as const;

/** Names of the pods of a program that are there to stay. */
async function podsOf(program: string): Promise<readonly string[]> {
  const get = [...IN_NAMESPACE, 'get', 'pods', `--selector=${LABELS.program}=${program}`, '--output=json'];
  const { items }: { items: readonly { metadata: { name: string; deletionTimestamp?: string } }[] } = JSON.parse(
    await kubectl(get),
  );
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata }) => metadata.name);
}

async function available(program: string): Promise<string> {
  return kubectl([...IN_NAMESPACE, 'rollout', 'status', `deployment/${program}`, '--timeout=120s']);
}

async function kill(pod: string): Promise<void> {
  await kubectl([...IN_NAMESPACE, 'delete', 'pod', pod, '--force', '--grace-period=0']);
}

function withoutProcesses(): string | false {
  return CLUSTER_DIR === undefined && 'the cluster of KUBECONFIG is not ours to break';
}

async function processOf(action: 'start' | 'stop', name: string, ...signal: readonly string[]): Promise<void> {
  const script = new URL('../../cluster/process.sh', import.meta.url).pathname;
  await promisify(execFile)(script, [action, name, ...signal], { env: { ...process.env, CLUSTER_DIR } });
}
