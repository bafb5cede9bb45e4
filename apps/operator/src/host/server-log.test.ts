import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { test } from 'node:test';
import { silentLogger } from '@mcp-runtime/base';
import { MAX_LINE_LENGTH, onLines } from './lines.ts';
import { type ServerLog, openServerLog } from './server-log.ts';

const STAMP = '1970-01-01T00:00:00.000Z';

async function openLog(): Promise<{ readonly folder: string; readonly log: ServerLog } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'log-'));
  const rotation = { maxBytes: 400, files: 3 };
  return {
    folder,
    log: openServerLog({ folder, clock: () => 0, log: silentLogger, rotation }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

test('the newest lines come oldest first, across files', async () => {
  await using opened = await openLog();
  for (let line = 0; line < 40; line++) {
    opened.log.write(`line ${line}`);
    await opened.log.flush();
  }
  assert.deepEqual(await opened.log.tail(2), [`${STAMP} line 38`, `${STAMP} line 39`]);
  const kept = await opened.log.tail(1000);
  assert.ok(kept.length > 15 && kept.length < 40);
  assert.equal(kept.at(0), `${STAMP} line ${40 - kept.length}`);
  const files = await readdir(opened.folder);
  assert.deepEqual(files.sort(), ['server.log', 'server.log.1', 'server.log.2']);
  for (const file of files) assert.ok((await stat(join(opened.folder, file))).size <= 400);
});

test('a log of an earlier run is continued', async () => {
  await using opened = await openLog();
  await writeFile(join(opened.folder, 'server.log'), 'old\n');
  opened.log.write('new');
  assert.deepEqual(await opened.log.tail(10), ['old', `${STAMP} new`]);
});

test('lines that come faster than they can be written are counted', async () => {
  await using opened = await openLog();
  for (let line = 0; line < 2000; line++) opened.log.write('x');
  await opened.log.flush();
  opened.log.write('last');
  const lines = await opened.log.tail(3000);
  assert.ok(lines.length < 2000);
  assert.ok(lines.some((line) => /\(\d+ lines left out\)$/.test(line)));
  assert.ok(lines.includes(`${STAMP} last`));
});

test('lines are found across chunks, cut when too long, and a last one needs no end', async () => {
  const lines: string[] = [];
  const long = 'y'.repeat(MAX_LINE_LENGTH + 10);
  const stream = Readable.from([Buffer.from('a\nb'), Buffer.from(`c\r\n\n${long}`), Buffer.from('yy\nd')]);
  onLines(stream, (line) => lines.push(line));
  await finished(stream);
  assert.deepEqual(lines, ['a', 'bc', '', `${'y'.repeat(MAX_LINE_LENGTH)}…`, 'd']);
});
