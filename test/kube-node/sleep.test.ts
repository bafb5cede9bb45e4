import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { LABELS } from '../../packages/api/src/index.ts';
import { SERVERS } from '../../packages/control-plane/src/index.ts';
import { DEPLOYMENTS, PODS } from '../../packages/kube/src/index.ts';
import { type Agent, bearer, openAgent, openModernAgent } from '../support/agent.ts';
import { type TestNamespace, testNamespace } from '../support/kubectl.ts';
import { until } from '../support/until.ts';
import { EVERYTHING, everythingWith } from './support/everything.ts';
import { type Installation, allReady, install } from './support/installation.ts';

const HELLO = { message: 'hello' } as const;
const CALLERS = 40;

suite('a server that sleeps', () => {
  let installation: Installation;
  let namespace: TestNamespace;
  let url: string;
  let credentials: Readonly<Record<string, string>>;

  before(async () => {
    installation = await install(['gateway.replicas=2']);
    namespace = await testNamespace('sleep');
    const wanted = everythingWith({
      granted: ['echo'],
      others: ['get-sum'],
      spec: { sleep: { after: '3s' } },
    });
    await namespace.apply(...wanted);
    await allReady(namespace.name, [EVERYTHING]);
    url = await installation.endpoint(namespace.name, EVERYTHING);
    credentials = bearer(await installation.sessionToken(namespace.name, EVERYTHING));
  });
  after(() => namespace[Symbol.asyncDispose]());

  test('it goes to none when nobody calls, and stays Ready', async () => {
    await untilAsleep();
    const server = await installation.client.get(SERVERS, { namespace: namespace.name, name: EVERYTHING });
    const ready = server?.status?.conditions?.find(({ type }) => type === 'Ready');
    assert.deepEqual([ready?.status, ready?.reason], ['True', 'Asleep']);
  });

  test('its lists are answered without a pod, as policy shows them, and a refused call does not wake it', async () => {
    const agent = await openModernAgent(url, credentials);
    const listed = await agent.request('tools/list');
    assert.equal(listed.verdict, 'allowed', listed.text);
    assert.match(listed.text, /"name":"echo"/);
    assert.doesNotMatch(listed.text, /"name":"get-sum"/);
    assert.equal((await agent.call('get-sum', { a: 1, b: 2 })).verdict, 'tool_not_granted');
    assert.equal(await podsOrReplicas(), 0);
  });

  test('an allowed call wakes it and is answered, and so are those that come meanwhile', async (context) => {
    const agent = await openModernAgent(url, credentials);
    const started = performance.now();
    const times = await Promise.all(Array.from({ length: CALLERS }, () => timeOfCall(agent, started)));
    const most = Math.max(...times).toFixed(0);
    context.diagnostic(
      `from no pod to the first of ${CALLERS} answers ${Math.min(...times).toFixed(0)} ms, to the last ${most} ms`,
    );
  });

  test('a client of a legacy revision wakes it when its session begins', async () => {
    await untilAsleep();
    const agent = await openAgent(url, credentials);
    const { verdict, text } = await agent.call('echo', HELLO);
    assert.equal(verdict, 'allowed', text);
    const events = await until('events tell of both', async () => {
      const told = await namespace.kubectl(['get', 'events', '--field-selector=involvedObject.kind=MCPServer']);
      const isTold = (reason: string): boolean => new RegExp(`Normal\\s+${reason}\\s+mcpserver/everything`).test(told);
      return ['Asleep', 'Woken'].every(isTold) ? told : undefined;
    });
    assert.doesNotMatch(events, /NotReady/);
  });

  async function timeOfCall(agent: Agent, started: number): Promise<number> {
    const { verdict, text } = await agent.call('echo', HELLO);
    assert.equal(verdict, 'allowed', text);
    assert.match(text, /Echo: hello/);
    return performance.now() - started;
  }

  async function untilAsleep(): Promise<void> {
    await until('the server sleeps and has no pod that goes on', async () => {
      const server = await installation.client.get(SERVERS, { namespace: namespace.name, name: EVERYTHING });
      return server?.status?.phase === 'Asleep' && (await podsOrReplicas()) === 0 ? true : undefined;
    });
  }

  /** What runs of the server, or is to run. A pod that is about to end, which takes its time, gets no calls. */
  async function podsOrReplicas(): Promise<number> {
    const labels = { [LABELS.server]: EVERYTHING };
    const { items } = await installation.client.list(PODS, { namespace: namespace.name, labels });
    const deployment = await installation.client.get(DEPLOYMENTS, { namespace: namespace.name, name: EVERYTHING });
    const wanted = /"replicas":(\d+)/.exec(JSON.stringify(deployment?.spec))?.[1];
    const running = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return running.length + Number(wanted);
  }
});
