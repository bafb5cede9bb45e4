import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '@mcp-runtime/api';
import { closeOnce } from '@mcp-runtime/base';
import { parseEvent } from '../event-text.ts';
import { Heads } from './heads.ts';
import { Inserter } from './insert.ts';
import { type EventPage, type EventStore, type StoredEvent } from './port.ts';
import { type EventQuery, toCursor, toQuery } from './query.ts';
import { integerIn, textIn } from './rows.ts';
import { prepareSchema } from './schema.ts';
import { corruptStore, translatingErrors } from './sqlite-errors.ts';
import { verifyStore } from './verify-store.ts';

/** How long another connection may hold the write lock before that is an error. */
const BUSY_MS = 1000;

/**
 * The store in one SQLite file, made (mode 0600) when there is none. A commit waits for the disk.
 * @throws AppError `data_corrupt`, `data_in_use`, `disk_full`, or `service_unavailable` when it cannot be opened.
 */
export async function openEventStore({ path }: { readonly path: string }): Promise<EventStore> {
  await makeFile(path);
  const translated = <T>(work: () => T): T => translatingErrors(path, work);
  const db = translated(() => new DatabaseSync(path, { timeout: BUSY_MS }));
  try {
    translated(() => prepareSchema(db, path));
  } catch (error) {
    db.close();
    throw error;
  }
  const heads = new Heads(db);
  const inserter = new Inserter(db, heads);
  return {
    insert: async (records) => (records.length === 0 ? 0 : translated(() => inserter.insert(records))),
    query: async (filter) => {
      const query = toQuery(filter);
      return translated(() => select(db, path, query, filter.limit));
    },
    count: async () => translated(() => heads.records()),
    head: async (writer) => translated(() => heads.of(writer)?.last.seq ?? 0),
    verify: async () => {
      const reader = translated(() => new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS }));
      try {
        return await verifyStore(reader);
      } catch (error) {
        return translated(() => {
          throw error;
        });
      } finally {
        reader.close();
      }
    },
    ...closeOnce(async () => db.close()),
  };
}

async function makeFile(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await (await open(path, 'a', 0o600)).close();
  } catch (error) {
    throw new AppError('service_unavailable', `the event store \`${path}\` cannot be opened`, { cause: error });
  }
}

function select(db: DatabaseSync, path: string, { sql, values }: EventQuery, limit: number): EventPage {
  const rows = db.prepare(sql).all(...values);
  const events = rows.slice(0, limit).map((row): StoredEvent => {
    const event = parseEvent(textIn(row, 'event'));
    if (event === undefined) throw corruptStore(path, `holds no event in row ${integerIn(row, 'id')}`);
    return { cursor: toCursor(integerIn(row, 'time'), integerIn(row, 'id')), event };
  });
  const last = events.at(-1);
  if (rows.length <= limit || last === undefined) return { events, hasMore: false };
  return { events, hasMore: true, nextCursor: last.cursor };
}
