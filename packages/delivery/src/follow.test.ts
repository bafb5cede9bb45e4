import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyText } from '@mcp-runtime/api';
import { silentLogger } from '@mcp-runtime/base';
import { CONFIG_MAPS, ENDPOINT_SLICES, type ResourceClient, openMemoryStore } from '@mcp-runtime/kube';
import { type DeliveryInput, encodeDelivery } from './encode.ts';
import { type DeliveryScope, type Following, followDeliveries } from './follow.ts';
import { SERVER, aDelivery, aPolicy, aRoute } from './testing/deliveries.ts';
import { aSlice } from './testing/slices.ts';
import { type TrackPods } from './tracks.ts';

const SHARED: DeliveryScope = { placement: 'shared' };
const TINY = { plain: 0, part: 400 };

test('what is there is delivered before it says so; what changes is delivered within the change', async () => {
  await using lab = await openLab();
  const document = aPolicy();
  await lab.apply({ document });
  await lab.follow(SHARED);
  assert.deepEqual(lab.seen, [`publish team-a/files ${document.revision}`]);
  const next = aPolicy({ sessions: 3 });
  await lab.apply({ document: next });
  assert.equal(lab.seen.at(-1), `publish team-a/files ${next.revision}`);
  await lab.client.delete(CONFIG_MAPS, { namespace: 'team-a', name: 'files-gateway-policy' });
  assert.equal(lab.seen.at(-1), 'remove team-a/files');
});

test('a set is delivered once it is whole; until then the one before it stays', async () => {
  await using lab = await openLab();
  const old = aPolicy({ sessions: 40, human: 'old' });
  await lab.apply({ document: old, sizes: TINY });
  await lab.follow(SHARED);
  const next = aPolicy({ sessions: 60, human: 'next' });
  const parts = encodeDelivery(aDelivery({ document: next, sizes: TINY }));
  for (const part of parts.slice(0, -1)) await applyOne(lab.client, part);
  assert.deepEqual(lab.seen, [`publish team-a/files ${old.revision}`]);
  assert.equal(lab.following().status().faults.get('team-a/files')?.reason, 'incomplete');
  await applyOne(lab.client, parts.at(-1));
  assert.deepEqual(lab.seen.slice(1), [`publish team-a/files ${next.revision}`]);
  assert.equal(lab.following().status().faults.size, 0);
});

test('an invalid policy changes nothing, and is told of', async () => {
  await using lab = await openLab();
  await lab.apply({});
  await lab.follow(SHARED);
  const [broken] = encodeDelivery(aDelivery());
  await applyOne(lab.client, { ...broken, data: { ...broken?.data, 'policy.json': '{}' } });
  assert.equal(lab.seen.length, 1);
  assert.equal(lab.following().status().faults.get('team-a/files')?.reason, 'invalid');
});

test('a shared gateway takes no policy of a sidecar, and a sidecar none but its own', async () => {
  await using lab = await openLab();
  await lab.apply({ placement: 'sidecar' });
  await lab.apply({ placement: 'sidecar', route: aRoute({ server: { namespace: 'team-a', name: 'other' } }) });
  await lab.follow(SHARED);
  assert.deepEqual(lab.seen, []);
  await lab.follow({ placement: 'sidecar', server: SERVER });
  assert.deepEqual(lab.seen, [`publish team-a/files ${aPolicy().revision}`]);
});

test('a sidecar fetches the parts that the one ConfigMap which it watches names', async () => {
  await using lab = await openLab();
  const document = aPolicy({ sessions: 60 });
  await lab.apply({ document, placement: 'sidecar', sizes: TINY });
  await lab.follow({ placement: 'sidecar', server: SERVER });
  await lab.until(() => lab.seen.length > 0);
  assert.deepEqual(lab.seen, [`publish team-a/files ${document.revision}`]);
});

test('pods are those of the Services that a route names, ready ones apart from those that end', async () => {
  await using lab = await openLab();
  const stable = { track: 'stable', service: 'files', port: 9999, path: '/mcp', weight: 90 } as const;
  const canary = { track: 'canary', service: 'files-canary', port: 8088, path: '/v2', weight: 10 } as const;
  await lab.apply({ route: aRoute({ upstream: { tracks: [stable, canary] } }) });
  await lab.follow(SHARED);
  assert.deepEqual(lab.pods, { stable: [], canary: [] });
  const instances = [
    { address: '10.1.0.1' },
    { address: '10.1.0.2', is: 'leaving' },
    { address: '10.1.0.3', is: 'gone' },
  ] as const;
  await lab.client.create(ENDPOINT_SLICES, aSlice('files', instances));
  await lab.client.create(ENDPOINT_SLICES, aSlice('files-canary', [{ address: 'fd00::1' }]));
  await lab.client.create(ENDPOINT_SLICES, aSlice('another', [{ address: '10.1.0.9' }]));
  assert.deepEqual(lab.pods, {
    stable: ['http://10.1.0.1:8088/mcp', 'leaving http://10.1.0.2:8088/mcp'],
    canary: ['http://[fd00::1]:8088/v2'],
  });
});

test('contact is known from the answers of the API, and lost with them', async () => {
  await using lab = await openLab();
  await lab.follow(SHARED);
  lab.passTime(60_000);
  await lab.until(() => lab.following().status().lastContactAt === lab.now());
  assert.equal(lab.following().status().connected, true);
  await lab.client.close();
  await lab.until(() => !lab.following().status().connected);
  const { lastContactAt } = lab.following().status();
  lab.passTime(60_000);
  assert.equal(lab.following().status().lastContactAt, lastContactAt);
});

test('a sidecar begins sessions in its own pod, and knows where those of the others are', async () => {
  await using lab = await openLab();
  const upstream = { pod: { port: 3001, path: '/mcp' } };
  await lab.apply({ placement: 'sidecar', route: aRoute({ upstream, peers: ['files', 'files-canary'] }) });
  await lab.client.create(ENDPOINT_SLICES, aSlice('files', [{ address: '10.1.0.1' }, { address: '10.1.0.2' }], 8091));
  await lab.client.create(ENDPOINT_SLICES, aSlice('another', [{ address: '10.1.0.9' }], 8091));
  await lab.follow({ placement: 'sidecar', server: SERVER, address: '10.1.0.1' });
  const [own, other, canary] = ['10.1.0.1', '10.1.0.2', '10.1.0.3'].map((address) => `http://${address}:3001/mcp`);
  await lab.until(() => lab.pods['stable']?.length === 2);
  assert.deepEqual(lab.pods, { stable: [own, `leaving ${other}`] });
  await lab.client.create(ENDPOINT_SLICES, aSlice('files-canary', [{ address: '10.1.0.3' }], 8091));
  assert.deepEqual(lab.pods, { stable: [own, `leaving ${other}`, `leaving ${canary}`] });
});

async function openLab() {
  let now = Date.parse('2026-05-08T12:00:00Z');
  const clock = (): number => now;
  const client = openMemoryStore({ clock });
  const stop = new AbortController();
  const seen: string[] = [];
  let pods: Readonly<Record<string, readonly string[]>> = {};
  let following: Following | undefined;
  const onPods = (tracks: readonly TrackPods[]): void => {
    pods = Object.fromEntries(
      tracks.map(({ track, ready, leaving }) => [
        track,
        [...ready.map(String), ...leaving.map((url) => `leaving ${url.href}`)],
      ]),
    );
  };
  return {
    client,
    seen,
    get pods() {
      return pods;
    },
    now: clock,
    passTime: (ms: number) => void (now += ms),
    following: () => following ?? assert.fail('nothing is followed'),
    apply: async (parts: Partial<DeliveryInput>) => {
      const { server } = parts.route ?? aRoute();
      const document = parts.document ?? aPolicy();
      const about = { ...document, server: { ...document.server, ...server } };
      for (const one of encodeDelivery(aDelivery({ ...parts, document: about }))) await applyOne(client, one);
    },
    follow: async (scope: DeliveryScope) => {
      following = followDeliveries({
        client,
        scope,
        sink: {
          publish: ({ document, route }, tracks) => {
            seen.push(`publish ${keyText(route.server)} ${document.revision}`);
            onPods(tracks);
          },
          pods: (_, tracks) => onPods(tracks),
          remove: (server) => seen.push(`remove ${keyText(server)}`),
        },
        clock,
        log: silentLogger,
        signal: stop.signal,
        heartbeatMs: 5,
      });
      await following.synced;
    },
    until: async (isTrue: () => boolean) => {
      while (!isTrue()) await new Promise(setImmediate);
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await client.close();
    },
  };
}

async function applyOne(client: ResourceClient, object: unknown): Promise<void> {
  await client.apply(CONFIG_MAPS, object, { fieldManager: 'test' });
}
