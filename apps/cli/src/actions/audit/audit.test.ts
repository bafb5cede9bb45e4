import assert from 'node:assert/strict';
import { mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { listenOn, silentLogger } from '@mcp-runtime/base';
import { openSpool } from '@mcp-runtime/events';
import { anEvent } from '../../testing/objects.ts';
import { runCli } from '../../testing/program.ts';
import { type Asked, startScriptedApi } from '../../testing/scripted-api.ts';

/** Two pages: the second is asked for with the cursor of the first. */
const TWO_PAGES = {
  'GET /events': ({ line }: Asked) => ({
    body: line.includes('cursor=c1')
      ? { events: [anEvent('3')], meta: { limit: 2, has_more: false } }
      : { events: [anEvent('1'), anEvent('2')], meta: { limit: 2, has_more: true, next_cursor: 'c1' } },
  }),
};

test('lists events of the window and filters that are asked for', async () => {
  await using api = await startScriptedApi(TWO_PAGES);
  const ran = await runCli(
    ['audit', 'list', '--since', '2027-01-01T00:00:00Z', '--decision', 'allow', '--limit', '2'],
    { env: api.env },
  );
  assert.match(ran.stdout, /^AGE +DECISION +SERVER +CALL +CALLER +REASON +OUTCOME +MS\n/);
  assert.match(ran.stdout, /allow +files +read_file +alice@example\.com via research-agent +allowed +ok +3\n/);
  assert.deepEqual(
    api.asked.map(({ line }) => line),
    ['GET /events?decision=allow&from=2027-01-01T00%3A00%3A00Z&order=newest&limit=2'],
  );
});

test('exports all pages, oldest first, as JSON lines', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'cli-export-'));
  await using api = await startScriptedApi(TWO_PAGES);
  const world = { env: api.env, cwd: folder.path };
  const toFile = await runCli(['audit', 'export', '-f', 'out.jsonl'], world);
  assert.deepEqual([toFile.status, toFile.stdout, toFile.stderr], [0, '', 'wrote 3 events to out.jsonl\n']);
  const text = await readFile(join(folder.path, 'out.jsonl'), 'utf8');
  assert.deepEqual(
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id),
    ['1', '2', '3'],
  );
  assert.deepEqual(await readdir(folder.path), ['out.jsonl']);
  assert.ok(api.asked.every(({ line }) => line.includes('order=oldest')));
  assert.equal((await runCli(['audit', 'export'], world)).stdout, text);
});

test('an export that fails leaves no file', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'cli-export-'));
  await using api = await startScriptedApi({});
  const ran = await runCli(['audit', 'export', '-f', 'out.jsonl'], { env: api.env, cwd: folder.path });
  assert.notEqual(ran.status, 0);
  assert.deepEqual(await readdir(folder.path), []);
});

test('verify names the first bad record and ends with status 65', async () => {
  const writers = [{ writer: 'w', first: 1, last: 9, head: 'abc' }];
  const firstBad = { writer: 'w', seq: 4, problem: 'hash', message: 'the record was edited' };
  await using api = await startScriptedApi({
    'GET /events/verify': () => ({ body: { ok: false, records: 9, writers, firstBad } }),
  });
  const ran = await runCli(['audit', 'verify'], { env: api.env });
  assert.equal(ran.status, 65);
  assert.match(ran.stdout, /9 records: the log does not verify/);
  assert.match(ran.stderr, /record 4 of writer `w`: hash: the record was edited \(verification_failed\)/);
});

test('verify of a whole log ends with status 0', async () => {
  await using api = await startScriptedApi({
    'GET /events/verify': () => ({ body: { ok: true, records: 0, writers: [] } }),
  });
  const ran = await runCli(['audit', 'verify'], { env: api.env });
  assert.deepEqual([ran.status, ran.stderr], [0, '']);
});

test('verify of a spool reads the folder', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'spool-'));
  const spool = await openSpool({ dir: folder.path, writer: 'gateway-0', clock: () => 0, log: silentLogger });
  for (const id of ['1', '2']) await spool.append(anEvent(id));
  await spool.close();
  const args = ['audit', 'verify', '--spool', folder.path];
  const whole = await runCli(args);
  assert.deepEqual([whole.status, whole.stderr], [0, '']);
  assert.match(whole.stdout, /gateway-0 +1 +2 .*\n2 records: the log is whole/s);

  const file = join(folder.path, 'gateway-0', '0000000000000001.jsonl');
  await writeFile(file, (await readFile(file, 'utf8')).replace('"id":"2"', '"id":"3"'));
  const edited = await runCli(args);
  assert.equal(edited.status, 65);
  assert.match(edited.stderr, /record 2 of writer `gateway-0`: wrong_hash/);

  const absent = await runCli(['audit', 'verify', '--spool', join(folder.path, 'none')]);
  assert.match(absent.stderr, /the folder `.*none` of --spool cannot be read/);
});

test('tail prints events as they arrive, however they are cut, until interrupted', async () => {
  const lines = `${JSON.stringify(anEvent('1', { tool_name: 'a\u0007b' }))}\n${JSON.stringify(anEvent('2', { decision: 'deny', reason: 'tool_denied' }))}\n`;
  const server = createServer((_, response) => {
    response.write(lines.slice(0, 100));
    setImmediate(() => response.write(lines.slice(100)));
  });
  const port = await listenOn(server);
  const stop = new AbortController();
  const ran = await runCli(['audit', 'tail'], {
    env: { MCP_PLATFORM_API_URL: `http://127.0.0.1:${port}`, MCP_PLATFORM_API_TOKEN: 't' },
    signal: stop.signal,
    onStdout: (text) => {
      if (text.split('\n').length > 2) stop.abort();
    },
  });
  server.closeAllConnections();
  server.close();
  assert.deepEqual([ran.status, ran.stderr], [0, '']);
  assert.equal(
    ran.stdout,
    '12:00:00  allow  files  a\\u0007b  alice@example.com via research-agent  ok  3ms\n' +
      '12:00:00  deny   files  read_file  alice@example.com via research-agent  tool_denied  3ms\n',
  );
});
