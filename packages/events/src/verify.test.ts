import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { asAppError } from '@mcp-runtime/api';
import fc from 'fast-check';
import { type SpoolRecord, chainHash } from './chain.ts';
import { parseLine, toLine } from './record-line.ts';
import { readSpool } from './spool/read-spool.ts';
import { openEventStore } from './store/sqlite.ts';
import { aChain } from './testing/a-chain.ts';
import { anEvent } from './testing/an-event.ts';
import { tempFolder } from './testing/temp-folder.ts';
import { verifyChain } from './verify-chain.ts';

const LENGTH = 6;
const chain = aChain(
  'gateway',
  Array.from({ length: LENGTH }, (_, n) => anEvent(n + 1, { reason: 'é' })),
);

function at(index: number): SpoolRecord {
  const record = chain[index];
  assert.ok(record);
  return record;
}

test('the format is the documented one', () => {
  assert.equal(
    chainHash('gateway', 1, '0'.repeat(64), '{}'),
    '6af00efe4afeaaeed891dabafd93ceabcb4b273436805abadce12ffea81053af',
  );
});

test('a record survives being a line', () => {
  for (const record of chain) assert.deepEqual(parseLine('gateway', toLine(record).slice(0, -1)), record);
});

test('an untouched chain verifies', async () => {
  const head = at(LENGTH - 1).hash;
  assert.deepEqual(await verifyChain(chain), {
    ok: true,
    records: LENGTH,
    writers: [{ writer: 'gateway', first: 1, last: LENGTH, head }],
  });
  assert.deepEqual(await verifyChain([]), { ok: true, records: 0, writers: [] });
});

test('the first fault is named', async () => {
  const { firstBad, records } = await verifyChain(chain.toSpliced(2, 1));
  assert.deepEqual([firstBad?.writer, firstBad?.seq, firstBad?.problem, records], ['gateway', 3, 'missing', 2]);
});

test('a changed byte or a removed line of a spool file is found', async () => {
  await using dir = await tempFolder();
  const path = join(dir.path, 'gateway', '0000000000000001.jsonl');
  await mkdir(join(dir.path, 'gateway'));
  const lines = chain.map(toLine);
  const after = await verifyChain(chain);
  const verdict = async (bytes: Uint8Array): Promise<boolean | string> => {
    await writeFile(path, bytes);
    const spool = verifyChain(readSpool(dir.path), { after });
    return await spool.then(({ ok }) => ok).catch((error: unknown) => asAppError(error).code);
  };
  const whole = Buffer.from(lines.join(''));
  assert.equal(await verdict(whole), true);
  for (let n = 0; n < LENGTH; n++) assert.notEqual(await verdict(Buffer.from(lines.toSpliced(n, 1).join(''))), true);
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), async (offset, change) => {
      const bytes = Buffer.from(whole);
      bytes.writeUInt8(bytes.readUInt8(offset) ^ change, offset);
      assert.notEqual(await verdict(bytes), true);
    }),
    { numRuns: 300 },
  );
});

const index = fc.nat({ max: LENGTH - 1 });

test('a changed byte of any line is found', async () => {
  await fc.assert(
    fc.asyncProperty(index, fc.nat(), fc.integer({ min: 1, max: 255 }), async (which, place, change) => {
      const bytes = Buffer.from(toLine(at(which)).slice(0, -1));
      const offset = place % bytes.length;
      bytes.writeUInt8(bytes.readUInt8(offset) ^ change, offset);
      const changed = parseLine('gateway', bytes.toString('utf8'));
      // A line that is no record any more is refused by the reader.
      if (changed === undefined) return;
      assert.equal((await verifyChain(chain.with(which, changed))).ok, false);
    }),
    { numRuns: 500 },
  );
});

test('a record deleted before the last, moved or repeated is found', async () => {
  for (let a = 0; a < LENGTH; a++) {
    const removed = await verifyChain(chain.toSpliced(a, 1));
    // The first and the last one are only missed by who knows that they were there.
    assert.equal(removed.ok, a === 0 || a === LENGTH - 1);
    assert.equal((await verifyChain(chain.toSpliced(a, 0, at(a)))).ok, false);
    for (let b = 0; b < a; b++) {
      assert.equal((await verifyChain(chain.with(a, at(b)).with(b, at(a)))).ok, false);
    }
  }
});

test('what was verified before is continued', async () => {
  const after = await verifyChain(chain.slice(0, 4));
  const whole = await verifyChain(chain);
  assert.deepEqual(await verifyChain(chain.slice(4), { after }), whole);
  assert.deepEqual(await verifyChain(chain.slice(2), { after }), whole);
  assert.deepEqual(await verifyChain([], { after }), after);
  const bad = async (records: readonly SpoolRecord[]) => (await verifyChain(records, { after })).firstBad?.problem;
  assert.equal(await bad(chain.slice(5)), 'missing');
  assert.equal(await bad(chain.slice(0, 2)), 'missing');
  assert.equal(
    await bad(
      aChain(
        'gateway',
        [7, 8, 9, 10].map((n) => anEvent(n)),
      ),
    ),
    'differs',
  );
  assert.equal((await verifyChain(aChain('other', [anEvent(1)]), { after })).records, 5);
});

async function tampered(change: (db: DatabaseSync) => void): Promise<Awaited<ReturnType<typeof verifyChain>>> {
  await using dir = await tempFolder();
  const path = join(dir.path, 'events.db');
  await using store = await openEventStore({ path });
  await store.insert(chain);
  await store.insert(aChain('other', [anEvent(1)]));
  const db = new DatabaseSync(path);
  change(db);
  db.close();
  return await store.verify();
}

test('an untouched store verifies', async () => {
  const { ok, records } = await tampered(() => {});
  assert.deepEqual({ ok, records }, { ok: true, records: LENGTH + 1 });
});

const TEXT_COLUMNS = ['writer', 'prev', 'hash', 'event', 'server', 'namespace', 'tool', 'human', 'agent', 'decision'];

const tampering = fc.oneof(
  fc.record({ column: fc.constantFrom(...TEXT_COLUMNS), seq: index }).map(({ column, seq }) => ({
    name: `change ${column} of ${seq + 1}`,
    sql: `UPDATE events SET ${column} = coalesce(${column}, '') || 'x' WHERE writer = 'gateway' AND seq = ${seq + 1}`,
  })),
  index.map((seq) => ({
    name: `delete ${seq + 1}`,
    sql: `DELETE FROM events WHERE writer = 'gateway' AND seq = ${seq + 1}`,
  })),
  fc.constantFrom('seq', 'time').map((column) => ({
    name: `change ${column}`,
    sql: `UPDATE events SET ${column} = ${column} + 100 WHERE writer = 'gateway' AND seq = 3`,
  })),
  fc.uniqueArray(index, { minLength: 2, maxLength: 2 }).map(([a = 0, b = 1]) => ({
    name: `swap ${a + 1} and ${b + 1}`,
    sql: `UPDATE events SET id = -1 WHERE id = ${a + 1}; UPDATE events SET id = ${a + 1} WHERE id = ${b + 1};
      UPDATE events SET id = ${b + 1} WHERE id = -1`,
  })),
  fc
    .constantFrom(
      `DELETE FROM events WHERE writer = 'other'`,
      `DELETE FROM heads WHERE writer = 'other'`,
      `UPDATE heads SET last_seq = last_seq - 1`,
      `UPDATE heads SET last_hash = 'x'`,
      `UPDATE heads SET start_seq = 1`,
      `UPDATE heads SET start_hash = 'x'`,
      `UPDATE events SET event = replace(event, '"ada"', '"eve"'), human = 'eve' WHERE seq = 2`,
      `INSERT INTO events SELECT 99, writer, 7, hash, hash, event, time, server, namespace, tool, human, agent, decision
      FROM events WHERE seq = 6`,
    )
    .map((sql) => ({ name: sql, sql })),
);

test('any change to the store is found', async () => {
  await fc.assert(
    fc.asyncProperty(tampering, async ({ name, sql }) => {
      const { ok, firstBad } = await tampered((db) => db.exec(sql));
      assert.equal(ok, false, name);
      assert.ok(firstBad);
    }),
    { numRuns: 60 },
  );
});
