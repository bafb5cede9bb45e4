import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { CLUSTER, LABELS } from '../../packages/api/src/index.ts';
import { setGrantDisabled } from '../../packages/control-plane/src/index.ts';
import { type Agent, bearer, openAgent } from '../support/agent.ts';
import { type TestNamespace, kubectl, testNamespace } from '../support/kubectl.ts';
import { until } from '../support/until.ts';
import { EVERYTHING, everythingWith } from './support/everything.ts';
import { type Installation, allReady, install } from './support/installation.ts';

const REPLICAS = 3;
const TRIALS = 100;
/** The aim is 250 ms (printed); a machine that does much else at once gets room. */
const ROOM_MS = 2000;

suite('revocation on three gateways', () => {
  let installation: Installation;
  let namespace: TestNamespace;
  let agents: readonly Agent[];

  before(async () => {
    installation = await install([`gateway.replicas=${REPLICAS}`]);
    namespace = await testNamespace('revoke');
    await namespace.apply(...everythingWith({ granted: ['echo'] }));
    await allReady(namespace.name, [EVERYTHING]);
    const token = await installation.sessionToken(namespace.name, EVERYTHING);
    const { pathname } = new URL(await installation.endpoint(namespace.name, EVERYTHING));
    const addresses = await gatewayAddresses();
    agents = await Promise.all(
      addresses.map((address) => openAgent(`http://${address}:${CLUSTER.ports.gateway}${pathname}`, bearer(token))),
    );
  });
  after(() => namespace[Symbol.asyncDispose]());

  test('a grant that is disabled ends calls on every gateway', async (context) => {
    const overruns: number[] = [];
    for (let trial = 0; trial < TRIALS; trial += 1) overruns.push(await overrunOfOne());
    const sorted = overruns.toSorted((a, b) => a - b);
    const at = (share: number): string => (sorted[Math.ceil(share * TRIALS) - 1] ?? Number.NaN).toFixed(0);
    const sum = `last call let through after the change was stored: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms`;
    context.diagnostic(`${sum} (${TRIALS} trials, ${REPLICAS} gateways)`);
    assert.ok(Number(at(0.99)) < ROOM_MS, sum);
  });

  /** Milliseconds from the answer to the change until the last call was sent that a gateway still let through. */
  async function overrunOfOne(): Promise<number> {
    await setDisabled(false);
    await Promise.all(agents.map((agent) => until('calls are let through', () => whenAllowed(agent))));
    const calling = agents.map((agent) => lastAllowed(agent));
    await setDisabled(true);
    const stored = performance.now();
    return Math.max(0, Math.max(...(await Promise.all(calling))) - stored);
  }

  async function setDisabled(disabled: boolean): Promise<void> {
    await setGrantDisabled(installation.client, { namespace: namespace.name, name: EVERYTHING }, disabled);
  }
});

/** Calls without pause until one is refused: when the last one before it was sent. */
async function lastAllowed(agent: Agent): Promise<number> {
  let last = 0;
  for (;;) {
    const sent = performance.now();
    const { verdict } = await agent.call('echo', { message: 'x' });
    if (verdict === 'tool_not_granted') return last;
    assert.equal(verdict, 'allowed');
    last = sent;
  }
}

async function whenAllowed(agent: Agent): Promise<true | undefined> {
  return (await agent.call('echo', { message: 'x' })).verdict === 'allowed' ? true : undefined;
}

async function gatewayAddresses(): Promise<readonly string[]> {
  const selector = `--selector=${LABELS.program}=${CLUSTER.gateway}`;
  return until('as many gateways run as there should be', async () => {
    const get = ['--namespace', CLUSTER.namespace, 'get', 'pods', selector, '--output=json'];
    const { items }: { items: readonly Pod[] } = JSON.parse(await kubectl(get));
    const live = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return live.length === REPLICAS ? live.map(({ status }) => status.podIP) : undefined;
  });
}

interface Pod {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly status: { readonly podIP: string };
}
