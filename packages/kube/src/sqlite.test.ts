import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AppError } from '@mcp-runtime/api';
import { asStorageError } from './sqlite-errors.ts';
import { openSqliteStore } from './sqlite.ts';
import { FIXED_CLOCK as clock, aFolder } from './testing/stores.ts';
import { watchWidgets } from './testing/watching.ts';
import { WIDGETS, aWidget } from './testing/widget.ts';

test('objects, versions and changes are there after reopening', async () => {
  await using folder = await aFolder();
  const path = join(folder.path, 'resources.db');
  const before = openSqliteStore({ path, clock });
  const { resourceVersion } = await before.list(WIDGETS);
  const owner = await before.create(WIDGETS, aWidget('owner'));
  await before.create(WIDGETS, aWidget('child', { owner }));
  const gone = await before.create(WIDGETS, aWidget('gone'));
  await before.delete(WIDGETS, gone.metadata);
  const listed = await before.list(WIDGETS);
  await before.close();

  await using after = openSqliteStore({ path, clock });
  assert.deepEqual(await after.list(WIDGETS), listed);
  const seen = watchWidgets(after, { resourceVersion, signal: new AbortController().signal });
  assert.deepEqual(seen.events, ['added owner', 'added child', 'added gone', 'deleted gone']);
  await after.delete(WIDGETS, owner.metadata);
  assert.deepEqual(seen.events.slice(4), ['deleted owner', 'deleted child']);
});

test('the file is readable by its owner only', async () => {
  await using folder = await aFolder();
  const path = join(folder.path, 'resources.db');
  await using store = openSqliteStore({ path, clock });
  await store.create(WIDGETS, aWidget('a'));
  for (const file of [path, `${path}-wal`]) assert.equal((await stat(file)).mode & 0o777, 0o600);
});

test('a watch from a version that is no longer kept is told to list again', async () => {
  await using folder = await aFolder();
  await using store = openSqliteStore({ path: join(folder.path, 'resources.db'), clock, keepChanges: 2 });
  const { signal } = new AbortController();
  const { resourceVersion: empty } = await store.list(WIDGETS);
  const [a] = [await store.create(WIDGETS, aWidget('a'))];
  for (const name of ['b', 'c']) await store.create(WIDGETS, aWidget(name));
  const late = watchWidgets(store, { resourceVersion: empty, signal });
  const inTime = watchWidgets(store, { resourceVersion: a.metadata.resourceVersion ?? '', signal });
  assert.deepEqual(
    late.errors.map(({ code }) => code),
    ['resource_version_expired'],
  );
  assert.deepEqual(inTime.events, ['added b', 'added c']);
});

test('a second opener is told that the data is in use, and takes nothing from the first', async () => {
  await using folder = await aFolder();
  const path = join(folder.path, 'resources.db');
  await using store = openSqliteStore({ path, clock });
  assert.throws(() => openSqliteStore({ path, clock }), { code: 'data_in_use' });
  const { code, stdout } = await runWriter(path);
  assert.deepEqual({ code, stdout }, { code: 1, stdout: ['data_in_use'] });
  await store.create(WIDGETS, aWidget('a'));
});

test('a file that is no database, is damaged or is from a later release is refused and kept', async () => {
  await using folder = await aFolder();
  const text = join(folder.path, 'text.db');
  await writeFile(text, 'this is not a database, but it is long enough to look at'.repeat(20));
  assert.throws(() => openSqliteStore({ path: text, clock }), { code: 'data_corrupt' });
  assert.match(await readFile(text, 'utf8'), /^this is not a database/);

  const damaged = join(folder.path, 'damaged.db');
  const store = openSqliteStore({ path: damaged, clock });
  for (let count = 0; count < 50; count++) await store.create(WIDGETS, aWidget(`w-${count}`));
  await store.close();
  const bytes = await readFile(damaged);
  await writeFile(damaged, bytes.fill(0xff, 4096, bytes.length - 4096));
  assert.throws(() => openSqliteStore({ path: damaged, clock }), { code: 'data_corrupt' });

  const later = join(folder.path, 'later.db');
  await openSqliteStore({ path: later, clock }).close();
  const database = new DatabaseSync(later);
  database.exec("UPDATE meta SET value = '2'");
  database.close();
  assert.throws(() => openSqliteStore({ path: later, clock }), { code: 'data_corrupt', message: /layout `2`/ });
});

test('a write that the file does not take is undone as a whole, and nobody hears of it', async () => {
  await using folder = await aFolder();
  const path = join(folder.path, 'resources.db');
  await openSqliteStore({ path, clock }).close();
  const database = new DatabaseSync(path);
  database.exec(`CREATE TRIGGER refuse BEFORE INSERT ON changes WHEN new.type = 'deleted' AND new.json LIKE '%"child"%'
    BEGIN SELECT raise(ABORT, 'refused'); END`);
  database.close();

  await using store = openSqliteStore({ path, clock });
  const owner = await store.create(WIDGETS, aWidget('owner'));
  await store.create(WIDGETS, aWidget('child', { owner }));
  const before = await store.list(WIDGETS);
  const seen = watchWidgets(store, { ...before, signal: new AbortController().signal });
  await assert.rejects(store.delete(WIDGETS, owner.metadata), { code: 'internal' });
  assert.deepEqual(await store.list(WIDGETS), before);
  await store.create(WIDGETS, aWidget('next'));
  assert.deepEqual(seen.events, ['added next']);
});

test('what SQLite says has a code that the user can act on', () => {
  const rows = [
    { errcode: 5, code: 'data_in_use' },
    { errcode: 13, code: 'disk_full' },
    { errcode: 11 | (2 << 8), code: 'data_corrupt' },
    { errcode: 1, code: 'internal' },
  ];
  for (const { errcode, code } of rows) {
    assert.equal(asStorageError(Object.assign(new Error('from sqlite'), { errcode }), 'resources.db').code, code);
  }
  const own = new AppError('data_corrupt', 'damaged');
  assert.equal(asStorageError(own, 'resources.db'), own);
});

test('kill -9 in the middle of writing loses nothing that was acknowledged', async () => {
  await using folder = await aFolder();
  const path = join(folder.path, 'resources.db');
  for (const round of [1, 2, 3]) {
    const acknowledged = await runWriter(path, { killAfter: 40 * round });
    await using store = openSqliteStore({ path, clock });
    const names = (await store.list(WIDGETS)).items.map(({ metadata }) => metadata.name);
    const lost = acknowledged.stdout.filter((name) => !names.includes(name));
    assert.ok(acknowledged.stdout.length >= 40 * round);
    assert.deepEqual(lost, []);
  }
});

async function runWriter(
  path: string,
  { killAfter }: { killAfter?: number } = {},
): Promise<{ readonly code: number | null; readonly stdout: readonly string[] }> {
  const script = fileURLToPath(new URL('testing/writer.ts', import.meta.url));
  const args = ['--disable-warning=ExperimentalWarning', script, path];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const stdout: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    stdout.push(line);
    if (stdout.length === killAfter) child.kill('SIGKILL');
  }
  await exited;
  return { code: child.exitCode, stdout };
}
