/** What goes wrong on a laptop: each fault is told, ends with its status, and leaves nothing behind. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, open, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { ERRORS, type ErrorCode, ServerList } from '@mcp-runtime/api';
import { listenOn } from '@mcp-runtime/base';
import { cli, cliText } from '../support/cli.ts';
import { readRuntimeFile } from '../support/platform-api.ts';
import { HAS_PROC, areGone, serversOf } from '../support/processes.ts';
import { BIN, type Program, ROOT, startNode } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until, untilTrue } from '../support/until.ts';
import { startUp, startUpProgram, startUpReady } from '../support/up.ts';

const EXAMPLE = join(ROOT, 'examples/local');
const TESTDATA = join(ROOT, 'test/e2e/testdata');
const LAB = join(TESTDATA, 'lab.yaml');
const skip = HAS_PROC ? false : 'needs /proc';

async function endsWith(program: Program, code: ErrorCode): Promise<string> {
  const { status } = await program.exited;
  assert.equal(status, ERRORS[code].exit, program.stderr());
  assert.match(program.stderr(), new RegExp(`\\(${code}\\)`));
  return program.stderr();
}

test('a wrong resource file: a line for each fault with its place, and nothing is started', async () => {
  await using folder = await tempDir();
  const dataDir = join(folder.path, 'data');
  await using program = await startUpProgram({ dataDir, files: [join(TESTDATA, 'broken.yaml')] });
  const told = await endsWith(program, 'invalid_resource');
  const places = [...told.matchAll(/broken\.yaml:(\d+):\d+: /g)].map(([, line]) => Number(line));
  assert.deepEqual(places, [18, 19, 25, 28]);
  assert.match(told, /spec\.tranport: unknown field, did you mean `transport`\?/);
  await assert.rejects(open(dataDir), { code: 'ENOENT' });
});

test('a wrong file given to `server apply` leaves everything as it was', async () => {
  await using folder = await tempDir();
  await using up = await startUp({ dataDir: folder.path, files: [] });
  const { status, stderr } = await cli(['server', 'apply', '-f', join(TESTDATA, 'broken.yaml')], up);
  assert.equal(status, 65);
  assert.match(stderr, /nothing was applied/);
  const { servers } = await up.call(ServerList, 'GET', '/runtime/servers');
  assert.deepEqual(servers, [], 'the valid one of the file was applied');
});

for (const flag of ['--listen', '--api-listen']) {
  test(`a port of ${flag} that another program has`, async () => {
    await using folder = await tempDir();
    await using other = createServer();
    const port = await listenOn(other);
    const place = `127.0.0.1:${port}`;
    await using program = await startUpProgram({ dataDir: folder.path, files: [LAB], flags: [flag, place] });
    const told = await endsWith(program, 'port_in_use');
    assert.ok(told.includes(String(port)), told);
    assert.match(told, new RegExp(`next: .*${flag}`));
    if (HAS_PROC) assert.deepEqual(await serversOf(folder.path), []);
  });
}

test('a second runtime on the same data, and the first goes on', async () => {
  await using folder = await tempDir();
  await using up = await startUp({ dataDir: folder.path, files: [] });
  await using second = await startUpProgram({ dataDir: folder.path, files: [] });
  const told = await endsWith(second, 'data_in_use');
  assert.match(told, /a runtime is up already .*, at http:.*\nnext: .*mcp-runtime down/s);
  assert.match(await cliText(['status'], { dataDir: folder.path }), new RegExp(`pid\\s+${up.program.pid}`));
});

test('a server that cannot run says why, and the others are ready', async () => {
  await using folder = await tempDir();
  const files = [join(TESTDATA, 'faulty-servers.yaml')];
  await using up = await startUp({ dataDir: folder.path, files, until: 'reachable' });
  const settled = async (name: string, reason: string) =>
    until(`${name} is ${reason}`, async () => {
      const { servers } = await up.call(ServerList, 'GET', '/runtime/servers');
      return servers.find((server) => server.name === name && server.reason === reason);
    });
  const missing = await settled('missing', 'InstallFailed');
  assert.match(missing.message, /0\.0\.0-there-is-no-such-version/);
  assert.notEqual(missing.status, 'Ready');
  const exits = await settled('exits', 'ServerExited');
  assert.match(exits.message, /status 3: the configuration is missing/);
  assert.equal((await settled('memory', 'Ready')).status, 'Ready');
});

test('a damaged resource file', async () => {
  await using folder = await tempDir();
  const dataDir = folder.path;
  await using first = await startUp({ dataDir, files: [LAB] });
  first.program.kill('SIGTERM');
  await first.program.exited;
  await damage(join(dataDir, 'resources.sqlite'));
  await using second = await startUpProgram({ dataDir, files: [] });
  const told = await endsWith(second, 'data_corrupt');
  assert.match(told, /resources\.sqlite/);
});

/** Overwrites what is behind the header, as a bad disk does. */
async function damage(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  const { size } = await file.stat();
  await file.write(Buffer.alloc(size - 100, 0xaa), 0, size - 100, 100);
}

test('Ctrl-C ends with status 0 and leaves no server', { skip }, async () => {
  await using folder = await tempDir();
  await using up = await startUpReady({ dataDir: folder.path, files: [EXAMPLE] });
  assert.ok((await serversOf(folder.path)).length >= 3);
  up.program.kill('SIGINT');
  assert.deepEqual(await up.program.exited, { status: 0, signal: null });
  assert.deepEqual(await serversOf(folder.path), []);
  assert.equal(await readRuntimeFile(folder.path), undefined);
});

test('Ctrl-C while servers are being started leaves none either', { skip }, async () => {
  await using folder = await tempDir();
  await using program = await startUpProgram({ dataDir: folder.path, files: [EXAMPLE] });
  await untilTrue('the first server is there', async () => (await serversOf(folder.path)).length > 0);
  program.kill('SIGINT');
  assert.equal((await program.exited).status, 0, program.stderr());
  assert.deepEqual(await serversOf(folder.path), []);
});

test('Ctrl-C does not wait for a server that never answers', { skip }, async () => {
  await using folder = await tempDir();
  const files = [join(TESTDATA, 'silent.yaml')];
  await using up = await startUp({ dataDir: folder.path, files, until: 'reachable' });
  await untilTrue('the handshake is under way', async () => {
    const { servers } = await up.call(ServerList, 'GET', '/runtime/servers');
    return servers[0]?.reason === 'Probing';
  });
  up.program.kill('SIGINT');
  assert.equal((await up.program.exited).status, 0, up.program.stderr());
  assert.deepEqual(await serversOf(folder.path), []);
});

test('after kill -9 of what `npm start` runs, the runtime stops and leaves no server', { skip }, async () => {
  await using folder = await tempDir();
  const dataDir = join(folder.path, 'data');
  const flags = ['--data-dir', dataDir, '--listen', '127.0.0.1:0', '--api-listen', '127.0.0.1:0'];
  const script = await installedCheckout(join(folder.path, 'checkout'));
  await using wrapper = await startNode([script, BIN, 'up', '-f', EXAMPLE, ...flags]);
  await wrapper.printed(/^running; Ctrl-C stops it/m);
  const runtime = await until('the runtime announces itself', () => readRuntimeFile(dataDir));
  assert.notEqual(runtime.pid, wrapper.pid);
  wrapper.kill('SIGKILL');
  await untilTrue('the runtime is gone', () => areGone([runtime.pid]));
  await untilTrue('no server is left', async () => (await serversOf(dataDir)).length === 0);
});

/** The wrapper in a place where it finds everything installed: in this checkout it could start an installation. */
async function installedCheckout(root: string): Promise<string> {
  const [scripts, modules] = [join(root, 'scripts'), join(root, 'node_modules')];
  for (const made of [scripts, modules]) await mkdir(made, { recursive: true });
  const lock = await readFile(join(ROOT, 'package-lock.json'));
  await writeFile(join(root, 'package-lock.json'), lock);
  await writeFile(join(modules, '.installed-lock'), createHash('sha256').update(lock).digest('hex'));
  await symlink(join(ROOT, 'node_modules/node'), join(modules, 'node'));
  await copyFile(join(ROOT, 'scripts/with-node.mjs'), join(scripts, 'with-node.mjs'));
  return join(scripts, 'with-node.mjs');
}

test('the tour ends with status 0', async () => {
  await using folder = await tempDir();
  await using program = await startUpProgram({ dataDir: folder.path, files: [EXAMPLE], flags: ['--tour'] });
  const { status } = await program.exited;
  assert.equal(status, 0, `${program.stdout()}${program.stderr()}`);
  assert.equal([...program.stdout().matchAll(/^ {2}✓ /gm)].length, 5, program.stdout());
  if (HAS_PROC) assert.deepEqual(await serversOf(folder.path), []);
});
