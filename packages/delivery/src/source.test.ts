import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AppError, keyText } from '@mcp-runtime/api';
import { silentLogger } from '@mcp-runtime/base';
import { CONFIG_MAPS, ENDPOINT_SLICES, type ResourceClient, openMemoryStore } from '@mcp-runtime/kube';
import { openDeliveryCache } from './cache.ts';
import { encodeDelivery } from './encode.ts';
import { type DeliverySource, type GuardedSink, openDeliverySource } from './source.ts';
import { SERVER, aDelivery, aPolicy, aRoute } from './testing/deliveries.ts';
import { aSlice } from './testing/slices.ts';

const MINUTE = 60_000;
const { revision } = aPolicy();

test('what was in force is in force at a start while the cluster is away, with its pods, and only for so long', async (t) => {
  const lab = await openLab(t);
  await lab.apply(lab.client);
  const first = await lab.open(lab.client);
  await lab.until(() => first.status().isReady);
  await first.close();
  lab.seen.length = 0;
  lab.passTime(5 * MINUTE);
  const again = await lab.open(lab.away);
  assert.deepEqual(lab.seen, [`publish team-a/files ${revision} http://10.1.0.1:8088/mcp`]);
  assert.equal(again.status().isReady, true);
  assert.equal(again.status().connected, false);
  await again.close();
  lab.passTime(6 * MINUTE);
  const tooLate = await lab.open(lab.away);
  assert.equal(lab.seen.at(-1), 'stale');
  assert.equal(tooLate.status().isReady, false);
});

test('what is not there any more goes once the cluster was heard', async (t) => {
  const lab = await openLab(t);
  await lab.apply(lab.client);
  const first = await lab.open(lab.client);
  await lab.until(() => first.status().isReady);
  await first.close();
  await lab.client.delete(CONFIG_MAPS, { namespace: 'team-a', name: 'files-gateway-policy' });
  const again = await lab.open(lab.client);
  await lab.until(() => lab.seen.at(-1) === 'remove team-a/files');
  await again.close();
  assert.deepEqual((await (await openDeliveryCache(lab.folder, silentLogger)).load()).deliveries, []);
});

test('a gateway that knows nothing is not ready', async (t) => {
  const lab = await openLab(t);
  const source = await lab.open(lab.away);
  assert.equal(source.status().isReady, false);
  assert.deepEqual(lab.seen, []);
});

async function openLab(t: TestContext) {
  let now = Date.parse('2026-05-08T12:00:00Z');
  const clock = (): number => now;
  const client = openMemoryStore({ clock });
  const folder = await mkdtemp(join(tmpdir(), 'delivery-'));
  const seen: string[] = [];
  const open: DeliverySource[] = [];
  const sink: GuardedSink = {
    publish: ({ route, document }, tracks) => {
      const pods = tracks.flatMap(({ ready }) => ready.map(String));
      seen.push(['publish', keyText(route.server), document.revision, ...pods].join(' '));
    },
    pods: () => {},
    remove: (server) => seen.push(`remove ${keyText(server)}`),
    be: (state) => seen.push(state),
  };
  t.after(async () => {
    for (const source of open) await source.close();
    await client.close();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    client,
    folder,
    seen,
    /** A cluster that does not answer. */
    away: { ...client, list: async () => await fail(), get: async () => await fail() } satisfies ResourceClient,
    passTime: (ms: number) => void (now += ms),
    apply: async (to: ResourceClient) => {
      for (const one of encodeDelivery(aDelivery({ route: aRoute({ server: SERVER }) })))
        await to.apply(CONFIG_MAPS, one, { fieldManager: 'test' });
      await to.create(ENDPOINT_SLICES, aSlice('files', [{ address: '10.1.0.1' }]));
    },
    open: async (from: ResourceClient) => {
      const source = await openDeliverySource({
        client: from,
        scope: { placement: 'shared' },
        sink,
        cache: await openDeliveryCache(folder, silentLogger),
        staleAfterMs: 10 * MINUTE,
        clock,
        log: silentLogger,
        heartbeatMs: 5,
      });
      open.push(source);
      return source;
    },
    until: async (isTrue: () => boolean) => {
      while (!isTrue()) await new Promise(setImmediate);
    },
  };
}

async function fail(): Promise<never> {
  throw new AppError('service_unavailable', 'the cluster is away');
}
