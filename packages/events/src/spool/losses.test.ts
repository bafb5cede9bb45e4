import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { AuditEvent, AppError, EVENT_TYPES } from '@mcp-runtime/api';
import { silentLogger } from '@mcp-runtime/base';
import { startShipper } from '../shipper.ts';
import { type EventStore } from '../store/port.ts';
import { openEventStore } from '../store/sqlite.ts';
import { anEvent } from '../testing/an-event.ts';
import { faultyFiles } from '../testing/faulty-files.ts';
import { tempFolder } from '../testing/temp-folder.ts';
import { verifyChain } from '../verify-chain.ts';
import { openSpool, openSpoolOn } from './open-spool.ts';
import { type Spool, type SpoolOptions } from './port.ts';
import { readSpool } from './read-spool.ts';

function options(dir: string, more: Partial<SpoolOptions> = {}): SpoolOptions {
  return { dir, writer: 'gateway', clock: Date.now, log: silentLogger, ...more };
}

/** Waits for what happens by itself, without a call that would make it happen. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20);
}

/** How many of these appends were written. */
async function appendAll(spool: Spool, from: number, count: number): Promise<number> {
  const appends = Array.from({ length: count }, (_, n) => spool.append(anEvent(from + n)));
  const outcomes = await Promise.allSettled(appends);
  return outcomes.filter(({ status }) => status === 'fulfilled').length;
}

async function eventsIn(dir: string): Promise<readonly AuditEvent[]> {
  const records = await Array.fromAsync(readSpool(dir));
  assert.equal((await verifyChain(records)).ok, true);
  return records.map(({ event }) => AuditEvent.parse(JSON.parse(event)));
}

function countOf(events: readonly AuditEvent[]): { readonly recorded: number; readonly missing: number } {
  const gaps = events.filter(({ event_type: type }) => type === EVENT_TYPES.gap);
  const missing = gaps.reduce((sum, { payload }) => sum + (payload.count ?? 0), 0);
  return { recorded: events.length - gaps.length, missing };
}

for (const [why, breakIt, mendIt] of [
  ['read-only', 'isReadOnly', false],
  ['full', 'room', undefined],
] as const) {
  test(`a disk that is ${why} loses nothing silently, and the spool finds out by itself that it can write again`, async () => {
    await using dir = await tempFolder();
    const files = faultyFiles();
    await using spool = await openSpoolOn(files, options(dir.path));
    assert.equal(await appendAll(spool, 0, 3), 3);
    if (breakIt === 'room') files.room = 0;
    else files.isReadOnly = true;
    assert.equal(await appendAll(spool, 3, 40), 0);
    assert.equal(spool.state(), 'unwritable');
    assert.equal(spool.backlog(0).lost, 40);
    if (breakIt === 'room') files.room = mendIt;
    else files.isReadOnly = mendIt;
    await until(() => spool.state() === 'writable');
    const events = await eventsIn(dir.path);
    assert.deepEqual(countOf(events), { recorded: 3, missing: 40 });
    assert.equal(events[3]?.payload.reason, why === 'full' ? 'disk_full' : 'audit_unavailable');
    assert.equal(await appendAll(spool, 50, 2), 2);
    assert.deepEqual(countOf(await eventsIn(dir.path)), { recorded: 5, missing: 40 });
  });
}

test('what is missing is recorded when the spool is closed, if that can be done by then', async () => {
  await using dir = await tempFolder();
  const files = faultyFiles();
  const spool = await openSpoolOn(files, options(dir.path));
  files.isReadOnly = true;
  await appendAll(spool, 0, 5);
  files.isReadOnly = false;
  await spool.close();
  assert.deepEqual(countOf(await eventsIn(dir.path)), { recorded: 0, missing: 5 });
});

test('a store that is dead fills the spool up to its limit; afterwards everything is stored, and the chain says what is missing', async () => {
  await using dir = await tempFolder();
  await using store = await openEventStore({ path: `${dir.path}/events.sqlite` });
  let isDead = true;
  const dying: EventStore = {
    ...store,
    insert: async (records) => {
      if (isDead) throw new AppError('service_unavailable', 'the store is dead');
      return store.insert(records);
    },
  };
  const spoolDir = `${dir.path}/spool`;
  await using spool = await openSpool(options(spoolDir, { maxBytes: 40_000, segmentBytes: 10_000 }));
  await using shipper = startShipper({ dir: spoolDir, store: dying, log: silentLogger });
  let written = 0;
  for (let n = 0; n < 100; n++) written += await appendAll(spool, n, 1);
  assert.ok(written > 20 && written < 80, `${written} written`);
  assert.equal(spool.state(), 'unwritable');
  const { records, bytes, oldestAt, lost } = spool.backlog(await store.head('gateway'));
  assert.deepEqual([records, lost], [written, 100 - written]);
  assert.ok(bytes >= 40_000 && bytes < 45_000, `${bytes} bytes`);
  assert.ok(oldestAt !== undefined && oldestAt <= Date.now());
  await assert.rejects(shipper.drained(), { code: 'service_unavailable' });

  isDead = false;
  await shipper.drained();
  await until(() => spool.state() === 'writable');
  assert.equal(await appendAll(spool, 200, 1), 1);
  await shipper.drained();
  const { ok, records: stored } = await store.verify();
  assert.deepEqual([ok, stored], [true, written + 2]);
  const page = await store.query({ limit: 1000 });
  const events = page.events.map(({ event }) => event);
  assert.deepEqual(countOf(events), { recorded: written + 1, missing: 100 - written });
  assert.deepEqual(spool.backlog(await store.head('gateway')).records, 0);
});

test('a limit holds across a restart, and what it refuses is told', async () => {
  await using dir = await tempFolder();
  {
    await using spool = await openSpool(options(dir.path, { segmentBytes: 2000 }));
    assert.equal(await appendAll(spool, 0, 20), 20);
  }
  await using spool = await openSpool(options(dir.path, { maxBytes: 5000 }));
  assert.equal(spool.backlog(0).records, 20);
  await assert.rejects(spool.append(anEvent(30)), { code: 'disk_full', message: /limit of 5000 bytes/ });
});

test('with fsync `interval` the disk is asked in the background, and a failure is logged', async () => {
  await using dir = await tempFolder();
  const files = faultyFiles();
  const told: string[] = [];
  const log = { ...silentLogger, error: (message: string) => void told.push(message) };
  await using spool = await openSpoolOn(files, options(dir.path, { fsync: 'interval', log }));
  files.broken.add('datasync');
  assert.equal(await appendAll(spool, 0, 2), 2);
  await until(() => told.includes('audit spool not synced'));
  files.broken.clear();
});
