import { type DatabaseSync } from 'node:sqlite';
import { corruptStore } from './sqlite-errors.ts';

const VERSION = 1;

/**
 * `id` is the order of arrival. The text of the event is what is hashed; the columns behind it are
 * copies for searching. Every index ends in `id` by itself, so it also gives the order of a page.
 */
const TABLES = `
  CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    writer TEXT NOT NULL,
    seq INTEGER NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL,
    event TEXT NOT NULL,
    time INTEGER NOT NULL,
    server TEXT NOT NULL,
    namespace TEXT NOT NULL,
    tool TEXT,
    human TEXT NOT NULL,
    agent TEXT NOT NULL,
    decision TEXT NOT NULL,
    UNIQUE (writer, seq)
  ) STRICT;
  CREATE INDEX events_by_time ON events (time);
  CREATE INDEX events_by_server ON events (server, time);
  CREATE INDEX events_by_namespace ON events (namespace, time);
  CREATE INDEX events_by_tool ON events (tool, time) WHERE tool IS NOT NULL;
  CREATE INDEX events_by_human ON events (human, time);
  CREATE INDEX events_by_agent ON events (agent, time);
  CREATE INDEX events_by_denial ON events (time) WHERE decision = 'deny';

  CREATE TABLE heads (
    writer TEXT PRIMARY KEY,
    start_seq INTEGER NOT NULL,
    start_hash TEXT NOT NULL,
    last_seq INTEGER NOT NULL,
    last_hash TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/** Makes the tables of an empty database; refuses one of another version. */
export function prepareSchema(db: DatabaseSync, path: string): void {
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  db.exec('BEGIN IMMEDIATE');
  try {
    const version = db.prepare('PRAGMA user_version').get()?.['user_version'];
    if (version === 0) db.exec(`${TABLES} PRAGMA user_version = ${VERSION};`);
    else if (version !== VERSION) throw corruptStore(path, `has version ${String(version)}, not ${VERSION}`);
    db.exec('COMMIT');
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
