import assert from 'node:assert/strict';
import { appendFile, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type AuditEvent, EVENT_TYPES } from '@mcp-runtime/api';
import { silentLogger } from '@mcp-runtime/base';
import { type SpoolRecord } from '../chain.ts';
import { anEvent } from '../testing/an-event.ts';
import { faultyFiles } from '../testing/faulty-files.ts';
import { tempFolder } from '../testing/temp-folder.ts';
import { verifyChain } from '../verify-chain.ts';
import { openSpool, openSpoolOn } from './open-spool.ts';
import { type SpoolOptions } from './port.ts';
import { readSpool } from './read-spool.ts';

function options(dir: string, more: Partial<SpoolOptions> = {}): SpoolOptions {
  return { dir, writer: 'gateway', clock: () => 0, log: silentLogger, ...more };
}

async function recordsIn(dir: string): Promise<readonly SpoolRecord[]> {
  return Array.fromAsync(readSpool(dir));
}

async function idsIn(dir: string): Promise<readonly string[]> {
  const records = await recordsIn(dir);
  assert.equal((await verifyChain(records)).ok, true);
  return records.map(({ event }) => {
    const { id, event_type: type, payload }: AuditEvent = JSON.parse(event);
    return type === EVENT_TYPES.gap ? `${payload.count} lost: ${payload.reason}` : id;
  });
}

async function segmentsIn(dir: string): Promise<readonly string[]> {
  return (await readdir(join(dir, 'gateway'))).toSorted();
}

for (const fsync of ['always', 'on-rotate'] as const) {
  test(`what was appended is read back in order, fsync ${fsync}`, async () => {
    await using dir = await tempFolder();
    const durable: SpoolRecord[] = [];
    await using spool = await openSpool(options(dir.path, { fsync, onDurable: (record) => durable.push(record) }));
    await Promise.all([1, 2, 3].map((n) => spool.append(anEvent(n))));
    await spool.append(anEvent(4, { reason: 'line\nbreak, \u2028, é, 😀 and \ud800' }));
    assert.deepEqual(await idsIn(dir.path), ['event-1', 'event-2', 'event-3', 'event-4']);
    assert.deepEqual(await recordsIn(dir.path), durable);
    assert.deepEqual(spool.head(), { seq: 4, hash: durable[3]?.hash });
  });
}

test('a spool opened again goes on with the chain', async () => {
  await using dir = await tempFolder();
  for (let n = 1; n <= 3; n++) {
    await using spool = await openSpool(options(dir.path));
    await spool.append(anEvent(n));
  }
  assert.deepEqual(await idsIn(dir.path), ['event-1', 'event-2', 'event-3']);
});

test('one process writes at a time: another one is refused, or waits for it', async () => {
  await using dir = await tempFolder();
  await using first = await openSpool(options(dir.path));
  await first.append(anEvent(1));
  await assert.rejects(openSpool(options(dir.path)), {
    code: 'data_in_use',
    message: /another process writes .*gateway/,
  });
  await using other = await openSpool(options(dir.path, { writer: 'other' }));
  await other.append(anEvent(2));
  const waiting = openSpool(options(dir.path, { lockWaitMs: 60_000 }));
  await first.append(anEvent(3));
  await first.close();
  await using next = await waiting;
  await next.append(anEvent(4));
  assert.deepEqual(await idsIn(dir.path), ['event-1', 'event-3', 'event-4', 'event-2']);
});

test('a full segment is followed by one named for its first record', async () => {
  await using dir = await tempFolder();
  await using spool = await openSpool(options(dir.path, { segmentBytes: 1000 }));
  for (let n = 1; n <= 4; n++) await spool.append(anEvent(n));
  assert.deepEqual(await segmentsIn(dir.path), ['0000000000000001.jsonl', '0000000000000003.jsonl']);
  assert.equal((await idsIn(dir.path)).length, 4);
});

test('a crash between making a segment and writing to it loses nothing', async () => {
  await using dir = await tempFolder();
  await using first = await openSpool(options(dir.path));
  await first.append(anEvent(1));
  await first.close();
  await writeFile(join(dir.path, 'gateway', '0000000000000002.jsonl'), '');
  await using spool = await openSpool(options(dir.path));
  await spool.append(anEvent(2));
  assert.deepEqual(await idsIn(dir.path), ['event-1', 'event-2']);

  await spool.close();
  await rm(join(dir.path, 'gateway', '0000000000000001.jsonl'));
  await truncate(join(dir.path, 'gateway', '0000000000000002.jsonl'));
  await assert.rejects(openSpool(options(dir.path)), { code: 'data_corrupt', message: /^record 1, .* is missing$/ });
});

test('an incomplete last line is cut off', async () => {
  await using dir = await tempFolder();
  await using first = await openSpool(options(dir.path));
  await first.append(anEvent(1));
  await first.close();
  await appendFile(join(dir.path, 'gateway', '0000000000000001.jsonl'), '{"seq":2,"prev":"ab');
  assert.deepEqual(await idsIn(dir.path), ['event-1']);
  await using spool = await openSpool(options(dir.path));
  await spool.append(anEvent(2));
  assert.deepEqual(await idsIn(dir.path), ['event-1', 'event-2']);
});

test('a whole line that is wrong keeps the spool from opening', async () => {
  await using dir = await tempFolder();
  await using first = await openSpool(options(dir.path));
  for (let n = 1; n <= 3; n++) await first.append(anEvent(n));
  await first.close();
  const path = join(dir.path, 'gateway', '0000000000000001.jsonl');
  const text = await readFile(path, 'utf8');
  for (const [damaged, message] of [
    [text.replace('event-2', 'event-X'), /line 2 of the audit spool file `.*0001\.jsonl` is wrong/],
    [text.replace('"seq":3', '"seq":4'), /line 3 .* is wrong: record 3 is missing/],
    [`${text}\n`, /line 4 .* is not a record/],
  ] as const) {
    await writeFile(path, damaged);
    await assert.rejects(openSpool(options(dir.path)), { code: 'data_corrupt', message });
  }
  await writeFile(path, Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0x0a])]));
  await assert.rejects(openSpool(options(dir.path)), { code: 'data_corrupt', message: /line 4 .* is not UTF-8/ });
});

test('a writer that could leave the folder is refused', async () => {
  await using dir = await tempFolder();
  for (const writer of ['', '..', 'a/b', '.hidden', 'a\0b']) {
    await assert.rejects(openSpool(options(dir.path, { writer })), { code: 'invalid_config' });
  }
});

test('a closed spool has written what was waiting and takes nothing more', async () => {
  await using dir = await tempFolder();
  await using spool = await openSpool(options(dir.path));
  const waiting = spool.append(anEvent(1));
  await spool.close();
  await waiting;
  await assert.rejects(spool.append(anEvent(2)), { code: 'audit_unavailable' });
  assert.deepEqual(await idsIn(dir.path), ['event-1']);
});

test('an event that cannot be stored is refused, and those beside it are not', async () => {
  await using dir = await tempFolder();
  await using spool = await openSpool(options(dir.path));
  const bad = [{ ...anEvent(1), timestamp: 'yesterday' }, anEvent(1, { arguments: { big: 1n } })].map((event) =>
    assert.rejects(spool.append(event), { code: 'audit_unavailable' }),
  );
  await Promise.all([...bad, spool.append(anEvent(2))]);
  assert.deepEqual(await idsIn(dir.path), ['event-2']);
});

for (const truncates of ['truncates at once', 'truncates later'] as const) {
  test(`a full disk refuses what does not fit, and numbering goes on without a gap; ${truncates}`, async () => {
    await using dir = await tempFolder();
    const files = faultyFiles();
    await using spool = await openSpoolOn(files, options(dir.path));
    await spool.append(anEvent(1));
    files.room = 1000;
    if (truncates === 'truncates later') files.broken.add('truncate');
    const outcomes = await Promise.allSettled([2, 3, 4, 5].map((n) => spool.append(anEvent(n))));
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'written' : outcome.reason.code)),
      ['written', 'disk_full', 'disk_full', 'disk_full'],
    );
    assert.equal(spool.state(), 'unwritable');
    assert.deepEqual(await idsIn(dir.path), ['event-1', 'event-2']);
    const stillFull = truncates === 'truncates later' ? 'audit_unavailable' : 'disk_full';
    files.room = 10;
    await assert.rejects(spool.append(anEvent(6)), { code: stillFull });
    files.room = undefined;
    files.broken.clear();
    await spool.append(anEvent(7));
    assert.equal(spool.state(), 'writable');
    assert.deepEqual(spool.head().seq, 4);
    assert.deepEqual(await idsIn(dir.path), ['event-1', 'event-2', '4 lost: disk_full', 'event-7']);
  });
}

test('a segment that cannot be made leaves the spool unwritable until it can', async () => {
  await using dir = await tempFolder();
  const files = faultyFiles();
  await using spool = await openSpoolOn(files, options(dir.path, { segmentBytes: 100 }));
  await spool.append(anEvent(1));
  files.broken.add('open');
  await assert.rejects(spool.append(anEvent(2)), { code: 'audit_unavailable' });
  files.broken.clear();
  await spool.append(anEvent(3));
  assert.deepEqual(await idsIn(dir.path), ['event-1', '1 lost: audit_unavailable', 'event-3']);
});

test('a failed sync refuses the append; the record stays and is written again', async () => {
  await using dir = await tempFolder();
  const files = faultyFiles();
  await using spool = await openSpoolOn(files, options(dir.path, { fsync: 'always' }));
  await spool.append(anEvent(1));
  files.broken.add('datasync');
  await assert.rejects(spool.append(anEvent(2)), { code: 'audit_unavailable' });
  files.room = 5000;
  await assert.rejects(spool.append(anEvent(3)), { code: 'audit_unavailable' });
  assert.ok(files.room < 5000 - 2 * 700, 'the second record was written a second time');
  files.broken.clear();
  await spool.append(anEvent(4));
  assert.equal(spool.state(), 'writable');
  assert.deepEqual(await idsIn(dir.path), ['event-1', 'event-2', 'event-3', 'event-4']);
});
