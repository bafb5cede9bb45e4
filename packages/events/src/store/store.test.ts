import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { type AuditPayload } from '@mcp-runtime/api';
import { aChain } from '../testing/a-chain.ts';
import { anEvent } from '../testing/an-event.ts';
import { tempFolder } from '../testing/temp-folder.ts';
import { type EventFilter, type EventStore } from './port.ts';
import { openEventStore } from './sqlite.ts';
import { translatingErrors } from './sqlite-errors.ts';

async function withStore(use: (store: EventStore, path: string) => Promise<void>): Promise<void> {
  await using dir = await tempFolder();
  const path = join(dir.path, 'data', 'events.db');
  await using store = await openEventStore({ path });
  await use(store, path);
}

async function idsOf(store: EventStore, filter: EventFilter): Promise<readonly string[]> {
  const { events } = await store.query(filter);
  return events.map(({ event }) => event.id);
}

const VARIED: readonly Partial<AuditPayload>[] = [
  {},
  { server: 'mail' },
  { namespace: 'other' },
  { tool_name: 'read' },
  { human_id: 'bob' },
  { agent_id: 'robot' },
  { decision: 'deny', tool_name: 'write' },
];

const FILTERS: readonly (readonly [filter: Omit<EventFilter, 'limit'>, ids: readonly number[]])[] = [
  [{}, [7, 6, 5, 4, 3, 2, 1]],
  [{ order: 'oldest' }, [1, 2, 3, 4, 5, 6, 7]],
  [{ server: 'mail' }, [2]],
  [{ namespace: 'other' }, [3]],
  [{ tool: 'read' }, [4]],
  [{ human: 'bob' }, [5]],
  [{ agent: 'robot' }, [6]],
  [{ decision: 'deny' }, [7]],
  [{ decision: 'deny', tool: 'read' }, []],
  [{ server: "' OR 1=1 --" }, []],
  [{ from: '2026-08-01T00:00:03Z', to: '2026-08-01T00:00:05Z' }, [4, 3]],
];

for (const [filter, ids] of FILTERS) {
  test(`finds the events of ${JSON.stringify(filter)}`, () =>
    withStore(async (store) => {
      await store.insert(
        aChain(
          'gateway',
          VARIED.map((payload, index) => anEvent(index + 1, payload)),
        ),
      );
      assert.deepEqual(
        await idsOf(store, { ...filter, limit: 100 }),
        ids.map((n) => `event-${n}`),
      );
    }));
}

for (const order of ['newest', 'oldest'] as const) {
  test(`pages are complete and without repeats, ${order} first`, () =>
    withStore(async (store) => {
      const ties = Array.from({ length: 23 }, (_, n) => ({ ...anEvent(n), timestamp: anEvent(n % 3).timestamp }));
      await store.insert(aChain('gateway', ties));
      const seen: string[] = [];
      let cursor: string | undefined;
      for (;;) {
        const page = await store.query({ order, limit: 5, ...(cursor !== undefined && { cursor }) });
        seen.push(...page.events.map(({ event }) => event.id));
        assert.equal(page.hasMore, page.nextCursor !== undefined);
        if (page.nextCursor === undefined) break;
        cursor = page.nextCursor;
      }
      assert.deepEqual(seen, await idsOf(store, { order, limit: 1000 }));
      assert.equal(new Set(seen).size, 23);
    }));
}

test('a query that makes no sense is refused', () =>
  withStore(async (store) => {
    for (const wrong of [{ limit: 0 }, { limit: 1001 }, { limit: 5, cursor: 'x' }, { limit: 5, from: 'then' }]) {
      await assert.rejects(store.query(wrong), { code: 'invalid_request' });
    }
  }));

test('a second delivery is skipped, and another record under the same number is refused', () =>
  withStore(async (store) => {
    const chain = aChain(
      'gateway',
      [1, 2, 3].map((n) => anEvent(n)),
    );
    assert.equal(await store.insert(chain.slice(0, 2)), 2);
    assert.equal(await store.insert(chain), 1);
    assert.equal(await store.insert(chain), 0);
    const other = aChain(
      'gateway',
      [1, 2, 9].map((n) => anEvent(n)),
    );
    await assert.rejects(store.insert(other), { code: 'data_corrupt', message: /record 3 differs/ });
    assert.equal(await store.count(), 3);
    assert.equal(await store.head('gateway'), 3);
    assert.equal(await store.head('nobody'), 0);
  }));

test('records that do not continue their chain are refused whole', () =>
  withStore(async (store) => {
    const chain = aChain(
      'gateway',
      [1, 2, 3, 4].map((n) => anEvent(n)),
    );
    await store.insert(chain.slice(0, 1));
    await assert.rejects(store.insert(chain.filter(({ seq }) => seq !== 3)), { code: 'data_corrupt' });
    assert.equal(await store.count(), 1);
    assert.equal((await store.verify()).ok, true);
  }));

test('a chain whose beginning is gone is stored and verified from where it begins', () =>
  withStore(async (store) => {
    await store.insert(
      aChain(
        'gateway',
        [1, 2, 3, 4].map((n) => anEvent(n)),
      ).slice(2),
    );
    const { ok, records, writers } = await store.verify();
    assert.deepEqual({ ok, records, first: writers[0]?.first }, { ok: true, records: 2, first: 3 });
    assert.equal(await store.count(), 2);
  }));

test('the store keeps its events when it is opened again', async () => {
  await using dir = await tempFolder();
  const path = join(dir.path, 'events.db');
  const chain = aChain(
    'gateway',
    [1, 2].map((n) => anEvent(n)),
  );
  for (const record of chain) {
    await using store = await openEventStore({ path });
    await store.insert([record]);
  }
  await using store = await openEventStore({ path });
  assert.equal(await store.count(), 2);
  assert.equal((await store.verify()).ok, true);
});

test('a file that is no store is refused', async () => {
  await using dir = await tempFolder();
  const path = join(dir.path, 'events.db');
  await writeFile(path, 'this is not a database, and long enough to be seen as none'.repeat(20));
  await assert.rejects(openEventStore({ path }), { code: 'data_corrupt' });
});

test('a store of a later version is refused', () =>
  withStore(async (store, path) => {
    await store.close();
    const db = new DatabaseSync(path);
    db.exec('PRAGMA user_version = 9');
    db.close();
    await assert.rejects(openEventStore({ path }), { code: 'data_corrupt', message: /has version 9/ });
  }));

test('a store that another process is writing to says so', () =>
  withStore(async (store, path) => {
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    await assert.rejects(store.insert(aChain('gateway', [anEvent(1)])), { code: 'data_in_use' });
    other.exec('ROLLBACK');
    other.close();
    assert.equal(await store.insert(aChain('gateway', [anEvent(1)])), 1);
  }));

test('a full disk is told as one', () =>
  withStore(async (store, path) => {
    await store.close();
    const db = new DatabaseSync(path);
    db.exec('PRAGMA max_page_count = 1; CREATE TABLE filler (text TEXT)');
    db.close();
  }).then(
    () => assert.fail('SQLite took more pages than allowed'),
    (error: unknown) =>
      assert.throws(
        () =>
          translatingErrors('events.db', () => {
            throw error;
          }),
        { code: 'disk_full' },
      ),
  ));
