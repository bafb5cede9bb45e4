import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BridgeRequest, type HostServer } from './index.ts';
import { CHECKOUT, aServer, isAlive, oneChildBridge, openHost } from './testdata/fixture.ts';

const STDIO: Partial<HostServer> = { transport: 'stdio' };

test('a published stdio server is given to the bridge as it is installed, without npm', async () => {
  const requests: BridgeRequest[] = [];
  await using opened = await openHost({
    // npm is not to be found
    env: { PATH: '/nowhere' },
    startBridge: (request) => {
      requests.push(request);
      return oneChildBridge(request);
    },
  });
  const server = aServer('', {
    ...STDIO,
    source: { npm: { package: '@modelcontextprotocol/server-memory', version: '2026.8.31', args: ['--flag'] } },
    env: { MEMORY_FILE_PATH: 'memory.json' },
    bridge: { isolation: 'shared', maxSessions: 7 },
  });
  opened.host.ensure(server);
  const { pids, upstreamUrl } = await opened.untilRunning(server);
  const request = requests[0];
  assert.ok(request !== undefined);
  assert.equal(request.command, process.execPath);
  assert.ok(request.args[0]?.startsWith(`${CHECKOUT}node_modules/@modelcontextprotocol/server-memory/`));
  assert.equal(request.args[1], '--flag');
  assert.equal(request.process, 'shared');
  assert.equal(request.maxSessions, 7);
  assert.deepEqual(Object.keys(request.env).sort(), ['HOME', 'LANG', 'MEMORY_FILE_PATH', 'PATH', 'TMPDIR']);
  assert.equal(upstreamUrl, 'http://127.0.0.1:1/mcp');
  assert.equal(pids.filter(isAlive).length, 1);

  await opened.host.remove(server.key);
  assert.deepEqual(pids.filter(isAlive), []);
});

test('a stdio server that ends without a word is a failed start', async () => {
  await using opened = await openHost();
  const server = aServer(`console.error('TOKEN is missing'); process.exit(2)`, STDIO);
  opened.host.ensure(server);
  const state = await opened.until(server, ({ phase }) => phase === 'backing-off');
  assert.ok(state.phase === 'backing-off');
  assert.equal(state.message, 'exited with status 2: TOKEN is missing');
});

test('a stdio process that ends after it spoke is left to the bridge', async () => {
  await using opened = await openHost();
  const server = aServer(`console.log('{}'); setTimeout(() => process.exit(1), 20)`, STDIO);
  opened.host.ensure(server);
  await opened.untilRunning(server);
  const state = await opened.until(server, (now) => now.phase !== 'running' || now.pids.length === 0);
  assert.equal(state.phase, 'running');
});

test('children that a bridge left behind are ended with the server', async () => {
  const left: number[] = [];
  await using opened = await openHost({
    startBridge: async ({ command, args, env, cwd, spawn }) => {
      const { pid } = spawn(command, args, { env, cwd });
      if (pid !== undefined) left.push(pid);
      return { url: 'http://127.0.0.1:1/mcp', pids: () => left, close: async () => {} };
    },
  });
  const server = aServer('setInterval(() => {}, 1000)', STDIO);
  opened.host.ensure(server);
  await opened.untilRunning(server);
  assert.equal(left.filter(isAlive).length, 1);
  await opened.host.remove(server.key);
  assert.deepEqual(left.filter(isAlive), []);
});
