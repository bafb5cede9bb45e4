import assert from 'node:assert/strict';
import { appendFile, readdir, writeFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError } from '@mcp-runtime/api';
import { silentLogger } from '@mcp-runtime/base';
import { openSpool } from './spool/open-spool.ts';
import { type Spool } from './spool/port.ts';
import { readSpool } from './spool/read-spool.ts';
import { startShipper } from './shipper.ts';
import { type EventStore } from './store/port.ts';
import { openEventStore } from './store/sqlite.ts';
import { anEvent } from './testing/an-event.ts';
import { tempFolder } from './testing/temp-folder.ts';
import { verifyChain } from './verify-chain.ts';

const log = silentLogger;

function open(dir: string, writer: string): Promise<Spool> {
  return openSpool({ dir, writer, clock: () => 0, segmentBytes: 2000, log });
}

async function append(spool: Spool, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) await spool.append(anEvent(n));
}

test('what is appended is stored, found and verified, and finished segments are removed', async () => {
  await using dir = await tempFolder();
  const spools = join(dir.path, 'spool');
  await using store = await openEventStore({ path: join(dir.path, 'events.db') });
  await using shipper = startShipper({ dir: spools, store, log });
  await using one = await open(spools, 'one');
  await using two = await open(spools, 'two');
  await Promise.all([append(one, 1, 20), append(two, 101, 110)]);
  await shipper.drained();
  assert.equal(await store.count(), 30);
  assert.deepEqual([await store.head('one'), await store.head('two')], [20, 10]);
  assert.equal((await readdir(join(spools, 'one'))).length, 1);

  await append(one, 21, 40);
  const spooled = await verifyChain(readSpool(spools), { after: await store.verify() });
  assert.deepEqual({ ok: spooled.ok, records: spooled.records }, { ok: true, records: 50 });
  await shipper.drained();
  assert.deepEqual(await store.verify(), spooled);
  const { events } = await store.query({ limit: 1 });
  assert.equal(events[0]?.event.id, 'event-110');
});

test('a shipper started again, or after the store was lost, stores the rest once', async () => {
  await using dir = await tempFolder();
  await using spool = await open(dir.path, 'gateway');
  for (const database of ['a.db', 'a.db', 'b.db']) {
    const before = spool.head().seq;
    await append(spool, before + 1, before + 10);
    await using store = await openEventStore({ path: join(dir.path, database) });
    await using shipper = startShipper({ dir: dir.path, store, log, keepSegments: 'always' });
    await shipper.drained();
    assert.equal(await store.count(), before + 10);
    assert.equal((await store.verify()).ok, true);
  }
});

test('an opened spool goes on when all before its last segment was shipped and removed', async () => {
  await using dir = await tempFolder();
  await using store = await openEventStore({ path: join(dir.path, 'events.db') });
  await using shipper = startShipper({ dir: dir.path, store, log });
  for (let run = 0; run < 5; run++) {
    await using spool = await open(dir.path, 'gateway');
    await append(spool, run * 7 + 1, run * 7 + 7);
    await shipper.drained();
  }
  assert.equal(await store.head('gateway'), 35);
  assert.equal((await store.verify()).ok, true);
});

test('an unfinished line waits for its end', async () => {
  await using dir = await tempFolder();
  await using store = await openEventStore({ path: join(dir.path, 'events.db') });
  await using spool = await open(dir.path, 'gateway');
  await append(spool, 1, 2);
  await spool.close();
  const path = join(dir.path, 'gateway', '0000000000000001.jsonl');
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.slice(0, -10));
  await using shipper = startShipper({ dir: dir.path, store, log });
  await shipper.drained();
  assert.equal(await store.head('gateway'), 1);
  await appendFile(path, text.slice(-10));
  await shipper.drained();
  assert.equal(await store.head('gateway'), 2);
});

test('a store that fails is tried again, and nothing is lost or stored twice', async () => {
  await using dir = await tempFolder();
  await using store = await openEventStore({ path: join(dir.path, 'events.db') });
  await using spool = await open(dir.path, 'gateway');
  await append(spool, 1, 10);
  let failures = 2;
  const inserted = Promise.withResolvers<number>();
  const failing: EventStore = {
    ...store,
    insert: async (records) => {
      if (failures-- > 0) throw new AppError('disk_full', 'simulated');
      const count = await store.insert(records);
      inserted.resolve(count);
      return count;
    },
  };
  await using shipper = startShipper({ dir: dir.path, store: failing, log });
  await assert.rejects(shipper.drained(), { code: 'disk_full' });
  await inserted.promise;
  await shipper.drained();
  assert.equal(await store.count(), 10);
});

test('a wake is enough', async () => {
  await using dir = await tempFolder();
  await using store = await openEventStore({ path: join(dir.path, 'events.db') });
  const inserted = Promise.withResolvers<void>();
  let stored = 0;
  const observed: EventStore = {
    ...store,
    insert: async (records) => {
      const count = await store.insert(records);
      stored += count;
      if (stored === 3) inserted.resolve();
      return count;
    },
  };
  await using shipper = startShipper({ dir: dir.path, store: observed, log });
  await shipper.drained();
  await using spool = await open(dir.path, 'gateway');
  await append(spool, 1, 3);
  shipper.wake();
  shipper.wake();
  await inserted.promise;
  assert.equal(await store.count(), 3);
});

test('a writer that never rests keeps nobody waiting', async () => {
  await using dir = await tempFolder();
  await using store = await openEventStore({ path: join(dir.path, 'events.db') });
  await using spool = await open(dir.path, 'gateway');
  await append(spool, 1, 3);
  let last = 3;
  const busy: EventStore = {
    ...store,
    insert: async (records) => {
      last += 1;
      await append(spool, last, last);
      return store.insert(records);
    },
  };
  await using shipper = startShipper({ dir: dir.path, store: busy, log });
  await shipper.drained();
  assert.ok((await store.count()) >= 3);
});

test('a damaged writer keeps no other from being stored', async () => {
  await using dir = await tempFolder();
  await using store = await openEventStore({ path: join(dir.path, 'events.db') });
  await using bad = await open(dir.path, 'a-bad-one');
  await using good = await open(dir.path, 'good');
  await Promise.all([append(bad, 1, 1), append(good, 1, 3)]);
  await appendFile(join(dir.path, 'a-bad-one', '0000000000000001.jsonl'), 'not a record\n');
  await using shipper = startShipper({ dir: dir.path, store, log });
  await assert.rejects(shipper.drained(), { code: 'data_corrupt', message: /line 2 .*a-bad-one/ });
  assert.equal(await store.head('good'), 3);
});
