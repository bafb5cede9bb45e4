import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger } from '@mcp-runtime/base';
import { openDeliveryCache } from './cache.ts';
import { type Delivery } from './decode.ts';
import { PUBLISHED_AT, SERVER, aPolicy, aRoute } from './testing/deliveries.ts';
import { type TrackPods } from './tracks.ts';

const TRACKS: readonly TrackPods[] = [
  { track: 'stable', weight: 100, ready: [new URL('http://10.0.0.1:8088/mcp')], leaving: [] },
];
const delivery: Delivery = { document: aPolicy({ sessions: 3 }), route: aRoute(), publishedAt: PUBLISHED_AT };

test('what was kept is there at the next start, and what was forgotten is not', async () => {
  await using folder = await tempFolder();
  const cache = await openDeliveryCache(folder.path, silentLogger);
  const other = aRoute({ server: { ...SERVER, name: 'other' } });
  cache.keep({ ...delivery, document: aPolicy() }, []);
  cache.keep(delivery, TRACKS);
  cache.keep({ ...delivery, route: other }, TRACKS);
  cache.forget(other.server);
  cache.confirm(PUBLISHED_AT);
  await cache.settled();
  const again = await openDeliveryCache(folder.path, silentLogger);
  assert.deepEqual(await again.load(), { deliveries: [{ delivery, tracks: TRACKS }], confirmedAt: PUBLISHED_AT });
});

test('a file that somebody changed, or that was cut, is left out', async () => {
  await using folder = await tempFolder();
  const cache = await openDeliveryCache(folder.path, silentLogger);
  cache.keep(delivery, TRACKS);
  await cache.settled();
  const [file = ''] = await readdir(folder.path);
  const path = join(folder.path, file);
  const text = await readFile(path, 'utf8');
  for (const changed of [text.replaceAll('medium', 'high'), text.slice(0, -10), '']) {
    assert.notEqual(changed, text);
    await writeFile(path, changed);
    assert.deepEqual((await cache.load()).deliveries, []);
  }
});

async function tempFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'delivery-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
