import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type HostServer } from './index.ts';
import { TELLS_ITSELF, aServer, isAlive, openHost, untilTrue } from './testdata/fixture.ts';

interface Told {
  readonly env: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly url: string;
  readonly pid: number;
}

async function ask(url: string): Promise<Told> {
  const answer: unknown = await (await fetch(url)).json();
  assert.ok(isTold(answer));
  return answer;
}

function isTold(value: unknown): value is Told {
  return typeof value === 'object' && value !== null && 'env' in value && 'cwd' in value;
}

test('an HTTP server runs in a clean environment, in a folder of its own, on the port that it is given', async () => {
  await using opened = await openHost({ env: { ...process.env, SECRET_OF_THE_RUNTIME: 'x' } });
  const server = aServer(TELLS_ITSELF, { env: { GREETING: 'hello; $(id)', PORT: '1' } });
  opened.host.ensure(server);
  const { upstreamUrl } = await opened.untilRunning(server);
  const told = await ask(upstreamUrl);

  assert.deepEqual(Object.keys(told.env).sort(), [
    'GREETING',
    'HOME',
    'HOST',
    'LANG',
    'MCP_PATH',
    'MCP_RUNTIME_INSTANCE',
    'PATH',
    'PORT',
    'TMPDIR',
  ]);
  assert.equal(told.env['GREETING'], 'hello; $(id)');
  assert.equal(upstreamUrl, `http://127.0.0.1:${told.env['PORT']}/mcp`);
  assert.equal(told.url, '/mcp');
  assert.equal(told.cwd, join(opened.dataDir, 'servers/team/echo/work'));
  assert.equal(told.env['HOME'], told.cwd);
  assert.equal(told.env['TMPDIR'], join(told.cwd, 'tmp'));
  assert.deepEqual(opened.changes, ['team/echo preparing', 'team/echo preparing', 'team/echo running']);
});

test('ensuring the same server again changes nothing; another argument restarts it', async () => {
  await using opened = await openHost();
  const server = aServer(TELLS_ITSELF);
  opened.host.ensure(server);
  const before = await opened.untilRunning(server);
  opened.host.ensure(structuredClone(server));
  assert.deepEqual(opened.host.state(server.key), before);

  const changed: HostServer = {
    ...server,
    source: { command: { command: process.execPath, args: ['-e', TELLS_ITSELF, 'more'] } },
  };
  opened.host.ensure(changed);
  assert.equal(opened.host.state(server.key)?.phase, 'preparing');
  const after = await opened.untilRunning(changed);
  assert.ok((await ask(after.upstreamUrl)).argv.includes('more'));
  assert.deepEqual(before.pids.filter(isAlive), []);
});

test('a crash is told at once with its reason, and the server comes back', async () => {
  await using opened = await openHost();
  const server = aServer(`
    require('node:http').createServer(() => { throw new Error('the disk is on fire') }).listen(process.env.PORT, '127.0.0.1')`);
  opened.host.ensure(server);
  const { upstreamUrl } = await opened.untilRunning(server);
  await assert.rejects(fetch(upstreamUrl));
  await opened.until(server, (state) => state.phase === 'running' && state.restarts === 1);
  const told = opened.states.find(({ phase }) => phase === 'backing-off');
  assert.ok(told?.phase === 'backing-off');
  assert.equal(told.code, 'server_exited');
  assert.equal(told.message, 'exited with status 1: Error: the disk is on fire');
  assert.equal(told.restarts, 0);
});

test('a server that exits before it listens is tried again, with growing waits', async () => {
  await using opened = await openHost();
  const server = aServer(`console.error('API_KEY is not set'); process.exit(3)`);
  opened.host.ensure(server);
  const state = await opened.until(server, (state) => state.phase === 'backing-off' && state.restarts >= 2);
  assert.ok(state.phase === 'backing-off');
  assert.equal(state.message, 'exited with status 3: API_KEY is not set');
  assert.ok(!opened.changes.includes('team/echo running'));
});

test('a program that does not exist is named', async () => {
  await using opened = await openHost();
  const server = aServer('', { source: { command: { command: 'no-such-program', args: [] } } });
  opened.host.ensure(server);
  const state = await opened.until(server, ({ phase }) => phase === 'backing-off');
  assert.ok(state.phase === 'backing-off');
  assert.equal(state.message, 'program `no-such-program` was not found');
});

test('a missing working folder is named, and waited for', async () => {
  await using opened = await openHost();
  const cwd = join(opened.dataDir, 'later');
  const command = { command: process.execPath, args: ['-e', TELLS_ITSELF], cwd };
  const server = aServer('', { source: { command } });
  opened.host.ensure(server);
  const state = await opened.until(server, ({ phase }) => phase === 'backing-off');
  assert.ok(state.phase === 'backing-off');
  assert.equal(state.message, `working folder \`${cwd}\` does not exist`);
  await mkdir(cwd);
  assert.equal((await ask((await opened.untilRunning(server)).upstreamUrl)).cwd, cwd);
  await rm(cwd, { recursive: true });
});

test('a remote server is running without a process', async () => {
  await using opened = await openHost();
  const server = aServer('', { source: { url: 'https://mcp.example.com/mcp' } });
  opened.host.ensure(server);
  const state = await opened.untilRunning(server);
  assert.deepEqual(state, { phase: 'running', upstreamUrl: 'https://mcp.example.com/mcp', pids: [], restarts: 0 });
});

test('an image is refused with what to do instead', async () => {
  await using opened = await openHost();
  const server = aServer('', { source: { image: 'example.com/server:1' } });
  opened.host.ensure(server);
  const state = await opened.until(server, ({ phase }) => phase === 'failed');
  assert.ok(state.phase === 'failed');
  assert.equal(state.code, 'source_unsupported');
  assert.match(state.next ?? '', /source\.npm/);
});

test('removing a server ends it, its children and its entry; its log can still be read', async () => {
  await using opened = await openHost();
  const server = aServer(`
    const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    console.log('child ' + child.pid);
    ${TELLS_ITSELF}`);
  opened.host.ensure(server);
  const { pids } = await opened.untilRunning(server);
  await untilTrue('the child is told', async () => (await childOf(opened.host)) !== undefined);
  const child = await childOf(opened.host);
  assert.ok(child !== undefined && isAlive(child));

  await opened.host.remove(server.key);
  assert.equal(opened.host.state(server.key), undefined);
  assert.equal(opened.changes.at(-1), 'team/echo stopped');
  assert.deepEqual([...pids, child].filter(isAlive), []);
  assert.ok((await opened.host.logs(server.key, { tail: 100 })).some((line) => line.endsWith(`child ${child}`)));
});

async function childOf(host: {
  logs: (key: HostServer['key'], options: { tail: number }) => Promise<readonly string[]>;
}) {
  const lines = await host.logs({ namespace: 'team', name: 'echo' }, { tail: 100 });
  const pid = lines.map((line) => / child (\d+)$/.exec(line)?.[1]).find((text) => text !== undefined);
  return pid === undefined ? undefined : Number(pid);
}

test('closing leaves no process, not even one that ignores SIGTERM or moved to its own session', async () => {
  const opened = await openHost();
  const stubborn = aServer(`process.on('SIGTERM', () => {}); ${TELLS_ITSELF}`);
  const leaver = aServer(
    `const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true });
     console.log('child ' + child.pid); ${TELLS_ITSELF}`,
    { key: { namespace: 'team', name: 'leaver' } },
  );
  const silent = aServer('setInterval(() => {}, 1000)', { key: { namespace: 'team', name: 'never-listens' } });
  for (const server of [stubborn, leaver, silent]) opened.host.ensure(server);
  const pids = [...(await opened.untilRunning(stubborn)).pids, ...(await opened.untilRunning(leaver)).pids];
  await opened[Symbol.asyncDispose]();
  assert.deepEqual(pids.filter(isAlive), []);
  assert.throws(() => opened.host.ensure(stubborn), { code: 'service_unavailable' });
});

test('lines are followed as they come', async () => {
  await using opened = await openHost();
  const server = aServer(TELLS_ITSELF);
  const stop = new AbortController();
  const lines: string[] = [];
  opened.host.followLogs(server.key, { signal: stop.signal, onLine: (line) => lines.push(line) });
  opened.host.ensure(server);
  await untilTrue('the line is there', () => lines.some((line) => line.endsWith('Z listening')));
  stop.abort();
  const { length } = lines;
  await opened.host.remove(server.key);
  assert.equal(lines.length, length);
});

const linux = process.platform === 'linux' ? false : 'needs /proc';

test(
  'a server that uses more memory than its limit is ended, says so, and is started again',
  { skip: linux },
  async () => {
    await using opened = await openHost();
    const eats = `const eaten = [];
    require('node:http').createServer((_, response) => {
      for (let i = 0; i < 30; i++) eaten.push(Buffer.alloc(10 * 1024 * 1024, 1));
      response.end();
    }).listen(Number(process.env.PORT), '127.0.0.1')`;
    const server = aServer(eats, { memoryLimitBytes: 200 * 1024 * 1024 });
    opened.host.ensure(server);
    const { upstreamUrl } = await opened.untilRunning(server);
    await fetch(upstreamUrl);
    const state = await opened.until(server, ({ phase }) => phase === 'backing-off');
    assert.ok(state.phase === 'backing-off');
    assert.match(state.message, /used \d+ MiB of memory, its limit is 200 MiB/);
    await opened.untilRunning(server);
  },
);
