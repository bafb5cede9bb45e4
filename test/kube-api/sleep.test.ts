import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { after, before, test } from 'node:test';
import { type GatewayActivity } from '../../packages/api/src/index.ts';
import { SERVERS } from '../../packages/control-plane/src/index.ts';
import { decodeDelivery } from '../../packages/delivery/src/index.ts';
import { CONFIG_MAPS, DEPLOYMENTS } from '../../packages/kube/src/index.ts';
import { type Engine } from '../../apps/operator/src/cluster/engine/engine.ts';
import { kubectl, testNamespace } from '../support/kubectl.ts';
import { aServer, anAutoscaler } from '../support/objects.ts';
import { until } from '../support/until.ts';
import { openClient } from './support/cluster.ts';
import { serveDefinitions } from './support/definitions.ts';
import { DEFINITIONS, HANDSHAKE, aGatewayIn, runPods, startOperatorIn } from './support/engine.ts';

/** Servers that sleep, on a real API server with controllers. What gateways tell is said by the test. */

const SLEEPY = { image: 'localhost/files:1', sleep: { after: '1s' } } as const;
const LONG_MS = 3_600_000;

const client = await openClient();
const namespace = await testNamespace('sleep');
const gateway = new EventEmitter();
const servers = new Map<string, GatewayActivity['servers'][number]>();
let sequence = 1;
let engine: Engine;

before(async () => {
  await serveDefinitions(client);
  engine = await startOperatorIn(
    namespace,
    client,
    {},
    {
      probe: async () => ({ ...HANDSHAKE, definitions: DEFINITIONS }),
      readActivity: async (_, seen, signal) => {
        if (seen === sequence) await once(gateway, 'told', { signal });
        return { sequence, servers: [...servers.values()] };
      },
    },
  );
  await aGatewayIn(namespace);
});

after(async () => {
  await engine.close();
  await namespace[Symbol.asyncDispose]();
  await client.close();
});

test('an idle server goes to none, says so, and is back as soon as a call waits for it', async () => {
  await apply('files');
  await runPods(namespace, client, 'files');
  await phaseIs('files', 'Ready');
  tell('files', { idle_ms: LONG_MS });
  await replicasAre('files', 0);
  const asleep = await phaseIs('files', 'Asleep');
  assert.equal(asleep.status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'True');
  await kubectl(['--namespace', namespace.name, 'wait', '--for=delete', 'pod', '--all', '--timeout=120s']);
  const { items } = await client.list(CONFIG_MAPS, { namespace: namespace.name });
  const delivered = decodeDelivery({ namespace: namespace.name, name: 'files' }, items);
  assert.ok(delivered.ok && delivered.route.may_sleep === true);
  assert.deepEqual(delivered.definitions, DEFINITIONS);

  tell('files', { wanted: true, open: 1 });
  await replicasAre('files', 1);
  await runPods(namespace, client, 'files');
  tell('files', {});
  await phaseIs('files', 'Ready');
  const events = await until('events tell of both', async () => {
    const text = await namespace.kubectl(['get', 'events', '--field-selector=involvedObject.kind=MCPServer']);
    const isTold = (reason: string): boolean => new RegExp(`Normal\\s+${reason}\\s+mcpserver/files`).test(text);
    return ['Asleep', 'Woken'].every(isTold) ? text : undefined;
  });
  assert.doesNotMatch(events, /NotReady/);
});

test('a server with an autoscaler never sleeps, and one that gets it in its sleep is woken and handed over', async () => {
  await apply('scaled');
  await runPods(namespace, client, 'scaled');
  await phaseIs('scaled', 'Ready');
  tell('scaled', { idle_ms: LONG_MS });
  await replicasAre('scaled', 0);
  await namespace.apply(anAutoscaler('scaled'));
  await replicasAre('scaled', 1);
  await runPods(namespace, client, 'scaled');
  await phaseIs('scaled', 'Ready');
  tell('scaled', { idle_ms: LONG_MS });
  await namespace.kubectl(['scale', 'deployment', 'scaled', '--replicas=2']);
  await replicasAre('scaled', 2);
});

test('a server whose gateway would sleep with it is refused', async () => {
  const server = aServer('beside', { ...SLEEPY, gateway: { enabled: true, placement: 'sidecar' } });
  await assert.rejects(namespace.apply(server), /needs a gateway that stays/);
});

async function apply(name: string): Promise<void> {
  await namespace.apply(aServer(name, SLEEPY));
  tell(name, {});
}

function tell(name: string, change: Partial<GatewayActivity['servers'][number]>): void {
  const server = `${namespace.name}/${name}`;
  servers.set(server, { server, idle_ms: 0, open: 0, wanted: false, knows: true, ...change });
  sequence += 1;
  gateway.emit('told');
}

function replicasAre(name: string, wanted: number): Promise<true> {
  return until(`${name} has ${wanted} replicas`, async () => {
    // Only what was so for a while counts: the gateway tells it again.
    sequence += 1;
    gateway.emit('told');
    const deployment = await client.get(DEPLOYMENTS, { namespace: namespace.name, name });
    return JSON.stringify(deployment?.spec).includes(`"replicas":${wanted},`) ? true : undefined;
  });
}

function phaseIs(name: string, phase: string) {
  return until(`${name} is ${phase}`, async () => {
    const server = await client.get(SERVERS, { namespace: namespace.name, name });
    return server?.status?.phase === phase ? server : undefined;
  });
}
