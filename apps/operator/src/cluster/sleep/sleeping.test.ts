import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SERVERS } from '@mcp-runtime/control-plane';
import { decodeDelivery } from '@mcp-runtime/delivery';
import { CONFIG_MAPS, DEPLOYMENTS, EVENTS, type KubeObject } from '@mcp-runtime/kube';
import { type Cluster, DEFINITIONS, FILES, NAMESPACE, aCluster, aServer } from '../engine/testing/cluster.ts';

const SLEEPY = { sleep: { after: '10m' } };
const LONG_MS = 3_600_000;

function replicasIs(wanted: number): (deployment: KubeObject | undefined) => boolean {
  return (deployment) => JSON.stringify(deployment?.spec).includes(`"replicas":${wanted},`);
}

/** Idle for longer than it has to be; the engine has only just seen it run, so that time goes by for the engine too. */
async function fallAsleep(cluster: Cluster, clock: { ms: number }): Promise<void> {
  await cluster.status('files', 'Ready', 'Ready');
  clock.ms += LONG_MS;
  cluster.tell({ idle_ms: LONG_MS });
  await cluster.until(DEPLOYMENTS, FILES, replicasIs(0));
}

test('a server that asked to sleeps once it is idle, stays ready as it was, and is woken by who waits for it', async () => {
  await using cluster = await aCluster();
  const clock = { ms: Date.now() };
  await using _ = await cluster.start({}, () => clock.ms);
  await cluster.store.create(SERVERS, aServer('files', SLEEPY));
  await fallAsleep(cluster, clock);
  const asleep = await cluster.status('files', 'WorkloadReady', 'Asleep');
  assert.equal(asleep?.phase, 'Asleep');
  assert.equal(asleep?.conditions?.find(({ type }) => type === 'Ready')?.status, 'True');
  assert.equal(asleep?.protocolVersion, '2025-11-25');
  const { items } = await cluster.store.list(CONFIG_MAPS, { namespace: NAMESPACE });
  const delivered = decodeDelivery(FILES, items);
  assert.ok(delivered.ok && delivered.route.may_sleep === true);
  assert.deepEqual(delivered.definitions, DEFINITIONS);
  const { probes } = cluster;

  cluster.tell({ wanted: true, open: 1 });
  await cluster.until(DEPLOYMENTS, FILES, replicasIs(1));
  cluster.tell({ idle_ms: 0 });
  await cluster.status('files', 'WorkloadReady', 'Available');
  const ready = await cluster.status('files', 'Ready', 'Ready');
  assert.equal(ready?.phase, 'Ready');
  assert.ok(cluster.probes > probes);
  const reasons = async (): Promise<readonly unknown[]> => {
    const { items: events } = await cluster.store.list(EVENTS, { namespace: NAMESPACE });
    return events.map((event) => ('reason' in event ? event.reason : undefined));
  };
  for (const reason of ['Asleep', 'Woken']) assert.ok((await reasons()).includes(reason), reason);
  assert.ok(!(await reasons()).includes('NotReady'));
});

test('what sleeps goes on sleeping under the next operator, and runs once it is asked for otherwise', async () => {
  await using cluster = await aCluster();
  const clock = { ms: Date.now() };
  const first = await cluster.start({}, () => clock.ms);
  await cluster.store.create(SERVERS, aServer('files', SLEEPY));
  await fallAsleep(cluster, clock);
  await cluster.status('files', 'WorkloadReady', 'Asleep');
  await first.close();
  const before = cluster.writes;
  cluster.idle = undefined;
  await using second = await cluster.start({}, () => clock.ms);
  await cluster.until(DEPLOYMENTS, FILES, replicasIs(0));
  assert.match((await second.metrics.text()).body, /mcp_operator_servers_asleep 1/);
  assert.equal(cluster.writes, before);
  await cluster.store.apply(SERVERS, aServer('files', { ...SLEEPY, image: 'example.com/files:2' }), {
    fieldManager: 'owner',
    force: 'force',
  });
  await cluster.until(DEPLOYMENTS, FILES, replicasIs(1));
});
