import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { aGrant } from '../testing/objects.ts';
import { runCli } from '../testing/program.ts';
import { startScriptedApi } from '../testing/scripted-api.ts';
import { type RuntimeFile } from './target.ts';

/** Where nothing listens any more. */
async function aClosedUrl(): Promise<string> {
  await using api = await startScriptedApi({});
  return api.url;
}

/** A data folder as a runtime leaves it. */
async function aDataDir(runtime: Partial<RuntimeFile>) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'cli-data-'));
  const file = { pid: process.pid, instance: 'i1', apiUrl: 'http://127.0.0.1:1', gatewayUrl: 'http://127.0.0.1:2' };
  await writeFile(join(folder.path, 'runtime.json'), JSON.stringify({ ...file, ...runtime }));
  await writeFile(join(folder.path, 'admin.token'), 'local-secret\n');
  return folder;
}

function statusOf(pid: number, instance: string) {
  return {
    instance,
    version: '0.1.0',
    pid,
    startedAt: '2027-01-01T00:00:00Z',
    gatewayUrl: 'http://127.0.0.1:7400',
    apiUrl: 'http://127.0.0.1:7401',
    dataDir: '/data',
    servers: { ready: 1, total: 2 },
    audit: { writable: true, events: 3 },
  };
}

test('status asks the runtime of the data folder, with its credential', async () => {
  await using api = await startScriptedApi({
    'GET /runtime/status': () => ({ body: statusOf(7, 'i1') }),
    'GET /runtime/servers': () => ({ body: { servers: [] } }),
  });
  await using folder = await aDataDir({ apiUrl: api.url });
  const ran = await runCli(['status', '--data-dir', folder.path]);
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, /servers +1 of 2 ready\n/);
  assert.deepEqual([...new Set(api.asked.map(({ authorization }) => authorization))], ['Bearer local-secret']);
});

test('status without a runtime says how to start one', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'cli-data-'));
  const ran = await runCli(['status'], { env: { MCP_RUNTIME_DATA_DIR: folder.path } });
  assert.equal(ran.status, 69);
  assert.match(ran.stderr, /no runtime runs with the data folder .*\nnext: {2}mcp-runtime up\n/);
});

test('the local credential is never sent to another machine', async () => {
  await using folder = await aDataDir({});
  const ran = await runCli(['status', '--api-url', 'https://platform.example.com', '--data-dir', folder.path]);
  assert.equal(ran.status, 77);
  assert.match(
    ran.stderr,
    /no credential for `https:\/\/platform\.example\.com`.*\nnext: {2}set MCP_PLATFORM_API_TOKEN/,
  );
});

test('an API that does not answer is told with its cause', async () => {
  const ran = await runCli(['server', 'list'], {
    env: { MCP_PLATFORM_API_URL: await aClosedUrl(), MCP_PLATFORM_API_TOKEN: 't' },
  });
  assert.equal(ran.status, 69);
  assert.match(ran.stderr, /does not answer \(service_unavailable\)\nwhy: .*ECONNREFUSED.*\nnext: /);
});

test('an answer of something else than the platform API is not an internal error', async () => {
  await using api = await startScriptedApi({ 'GET /runtime/servers': () => ({ text: '<html>' }) });
  const ran = await runCli(['server', 'list'], { env: api.env });
  assert.equal(ran.status, 69);
  assert.match(ran.stderr, /cannot be read/);
});

test('the URL of something else than a platform API is told as such', async () => {
  await using api = await startScriptedApi({});
  const ran = await runCli(['status'], { env: api.env });
  assert.equal(ran.status, 69);
  assert.match(ran.stderr, /what answers at `http:.*` is no platform API .*\nwhy: .*\nnext: {2}check --api-url/);
});

test('a wrong credential is told, and where the right one is', async () => {
  const body = { error: 'unauthorized', message: 'this is not the credential', next: 'send a header' };
  await using api = await startScriptedApi({ 'GET /runtime/servers': () => ({ status: 401, body }) });
  const ran = await runCli(['server', 'list'], { env: api.env });
  assert.equal(ran.status, 77);
  assert.match(
    ran.stderr,
    /not the credential \(unauthorized\)\nnext: {2}set MCP_PLATFORM_API_TOKEN to what `admin.token`/,
  );
});

test('what the platform API advises is shown', async () => {
  const body = { error: 'conflict', message: 'spec.port is owned by another', next: 'leave it out' };
  await using api = await startScriptedApi({ 'GET /runtime/servers': () => ({ status: 409, body }) });
  const ran = await runCli(['server', 'list'], { env: api.env });
  assert.match(ran.stderr, /owned by another \(conflict\)\nnext: {2}leave it out\n/);
});

const OBJECTS = [
  { namespace: 'mcp-servers', name: 'files' },
  { namespace: 'team-a', name: 'search' },
];

const NOT_THERE = [
  { id: 'mistyped', name: 'fiels', next: 'did you mean `files`? mcp-runtime access grant list shows all' },
  { id: 'in another namespace', name: 'search', next: 'there is one in namespace `team-a`: add -n team-a' },
  { id: 'like none', name: 'weather', next: 'mcp-runtime access grant list shows what there is' },
];

for (const { id, name, next } of NOT_THERE) {
  test(`a name that does not exist, ${id}, is told with what to try`, async () => {
    const grants = OBJECTS.map((metadata) => aGrant(metadata));
    await using api = await startScriptedApi({ 'GET /runtime/grants': () => ({ body: { grants } }) });
    const ran = await runCli(['access', 'grant', 'disable', name], { env: api.env });
    assert.equal(ran.status, 66);
    assert.equal(ran.stderr, `error: there is no such object (not_found)\nnext:  ${next}\n`);
  });
}

test('down stops the runtime and waits until its process is gone', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  await using api = await startScriptedApi({
    'GET /runtime/status': () => ({ body: statusOf(pid, 'i1') }),
    'POST /runtime/shutdown': () => {
      child.kill();
      return { status: 202, body: {} };
    },
  });
  await using folder = await aDataDir({ pid, apiUrl: api.url });
  const ran = await runCli(['down', '--data-dir', folder.path]);
  assert.deepEqual(ran, { status: 0, stdout: 'stopped\n', stderr: '' });
  assert.throws(() => process.kill(pid, 0));
  const again = await runCli(['down', '--data-dir', folder.path]);
  assert.deepEqual(again, { status: 0, stdout: 'nothing runs\n', stderr: '' });
});

test('down leaves another runtime on the same port alone', async () => {
  await using api = await startScriptedApi({ 'GET /runtime/status': () => ({ body: statusOf(process.pid, 'other') }) });
  await using folder = await aDataDir({ apiUrl: api.url });
  const ran = await runCli(['down', '--data-dir', folder.path]);
  assert.deepEqual([ran.status, ran.stdout], [0, 'nothing runs\n']);
  assert.ok(api.asked.every(({ line }) => line.startsWith('GET ')));
});

test('down is fine when nothing listens any more, though the pid is in use', async () => {
  await using folder = await aDataDir({ apiUrl: await aClosedUrl() });
  const ran = await runCli(['down', '--data-dir', folder.path]);
  assert.deepEqual([ran.status, ran.stdout], [0, 'nothing runs\n']);
});

for (const program of ['no-such-program', './no-such-program']) {
  test(`a bridge to a program that does not exist ends at once: ${program}`, async () => {
    const env = { PATH: process.env['PATH'] };
    const ran = await runCli(['serve', 'bridge', '--listen', '127.0.0.1:0', '--', program], { env });
    assert.equal(ran.status, 64);
    assert.match(ran.stderr, /program `.*no-such-program` was not found .*\nnext: {2}check its name/);
  });
}

test('a bridge to a program that is there serves', async () => {
  const stop = new AbortController();
  const ran = await runCli(['serve', 'bridge', '--listen', '127.0.0.1:0', '--', 'sh'], {
    env: { PATH: process.env['PATH'] },
    signal: stop.signal,
    onStdout: () => stop.abort(),
  });
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, /^bridge at http:/);
});
