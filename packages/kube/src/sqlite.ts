import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '@mcp-runtime/api';
import { type Clock, errnoOf } from '@mcp-runtime/base';
import { frozenJson } from './json.ts';
import { type ResourceStore } from './port.ts';
import { asStorageError } from './sqlite-errors.ts';
import { type Change, FIRST_VERSION, KEPT_CHANGES, type Storage } from './storage.ts';
import { openStore } from './store.ts';
import { type StoredObject, kindKey } from './stored.ts';

interface SqliteStoreOptions {
  /** Made, readable by its owner only, when there is none; its folder must exist. */
  readonly path: string;
  readonly clock: Clock;
  /** How many changes are kept for watches that go on from an older version; 10,000 unless given. */
  readonly keepChanges?: number;
}

const SCHEMA_VERSION = '1';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS objects (
    kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    uid TEXT NOT NULL UNIQUE, rv INTEGER NOT NULL, json TEXT NOT NULL,
    PRIMARY KEY (kind, namespace, name)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS changes (
    rv INTEGER PRIMARY KEY, kind TEXT NOT NULL, type TEXT NOT NULL, json TEXT NOT NULL
  ) STRICT;
  INSERT OR IGNORE INTO meta VALUES ('schema_version', '${SCHEMA_VERSION}');
`;

/**
 * A store in one SQLite file, which one process has to itself until it closes the store or ends.
 * @throws AppError `data_in_use` when another process has it, `data_corrupt` when it is damaged or from a later
 * release. Writes reject with `disk_full` when there is no space, and leave everything as it was.
 */
export function openSqliteStore({ path, clock, keepChanges = KEPT_CHANGES }: SqliteStoreOptions): ResourceStore {
  const database = openDatabase(path);
  try {
    return openStore(sqliteStorage(database, path, keepChanges), clock);
  } catch (error) {
    database.close();
    throw error;
  }
}

function openDatabase(path: string): DatabaseSync {
  createPrivately(path);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    // Before anything reads: the lock is taken by the first access and then kept.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec('BEGIN EXCLUSIVE; COMMIT');
    checkSound(database, path);
    database.exec(`BEGIN; ${SCHEMA} COMMIT`);
    checkSchemaVersion(database, path);
    return database;
  } catch (error) {
    database?.close();
    throw asStorageError(error, path);
  }
}

/** An existing file is not touched: closing any other handle of it would drop SQLite's lock (POSIX fcntl). */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw asStorageError(error, path);
  }
}

function checkSound(database: DatabaseSync, path: string): void {
  const verdict = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (verdict === 'ok') return;
  throw new AppError('data_corrupt', `\`${path}\` is damaged`, {
    cause: verdict,
    next: 'restore it from a backup, or move it away',
  });
}

function checkSchemaVersion(database: DatabaseSync, path: string): void {
  const found = database.prepare("SELECT value FROM meta WHERE key = 'schema_version'").get()?.['value'];
  if (found === SCHEMA_VERSION) return;
  throw new AppError(
    'data_corrupt',
    `\`${path}\` has the layout \`${String(found)}\`, which this release does not know`,
    {
      next: 'use the release that wrote it, or a later one',
    },
  );
}

function sqliteStorage(database: DatabaseSync, path: string, keepChanges: number): Storage {
  const selectObjects = database.prepare('SELECT json FROM objects');
  const selectVersion = database.prepare('SELECT max(rv) AS rv FROM changes');
  const selectOldest = database.prepare('SELECT min(rv) AS rv FROM changes');
  const selectChanges = database.prepare('SELECT rv, type, json FROM changes WHERE rv > ? ORDER BY rv');
  const putObject = database.prepare('INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?)');
  const removeObject = database.prepare('DELETE FROM objects WHERE kind = ? AND namespace = ? AND name = ?');
  const putChange = database.prepare('INSERT INTO changes VALUES (?, ?, ?, ?)');
  const trimChanges = database.prepare('DELETE FROM changes WHERE rv <= ?');

  const write = ({ version, type, object }: Change): void => {
    const { namespace, name, uid } = object.metadata;
    const kind = kindKey(object);
    const json = JSON.stringify(object);
    putChange.run(version, kind, type, json);
    if (type === 'deleted') removeObject.run(kind, namespace, name);
    else putObject.run(kind, namespace, name, uid, version, json);
    trimChanges.run(version - Math.max(1, keepChanges));
  };

  return {
    load: () => {
      try {
        return {
          objects: selectObjects.all().map((row) => readJson(row['json'])),
          version: Number(selectVersion.get()?.['rv'] ?? FIRST_VERSION),
        };
      } catch (error) {
        throw asStorageError(error, path);
      }
    },
    commit: (changes) => {
      try {
        database.exec('BEGIN IMMEDIATE');
        for (const change of changes) write(change);
        database.exec('COMMIT');
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw asStorageError(error, path);
      }
    },
    changesAfter: (version) => {
      try {
        const oldest = Number(selectOldest.get()?.['rv'] ?? FIRST_VERSION + 1);
        return version + 1 < oldest ? undefined : selectChanges.all(version).map(readChange);
      } catch (error) {
        throw asStorageError(error, path);
      }
    },
    close: () => database.close(),
  };
}

function readChange(row: Record<string, unknown>): Change {
  return { version: Number(row['rv']), type: readType(row['type']), object: readJson(row['json']) };
}

/** The file is ours alone and was checked when it was opened, so a row holds what `write` put there. */
function readJson(json: unknown): StoredObject {
  const object: StoredObject = JSON.parse(String(json));
  return frozenJson(object);
}

function readType(type: unknown): Change['type'] {
  return type === 'added' || type === 'deleted' ? type : 'modified';
}
