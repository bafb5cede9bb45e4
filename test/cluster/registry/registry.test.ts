import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { listenOn } from '../../../packages/base/src/index.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { packageStore } from './packages.ts';
import { registryServer } from './server.ts';
import { wheelStore } from './wheels.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SERVER = '@modelcontextprotocol/server-memory';

test('npm installs a published server with all that it depends on, and nothing from elsewhere', async () => {
  await using folder = await tempDir();
  await using server = registryServer(packageStore(ROOT), wheelStore(ROOT));
  const port = await listenOn(server);

  const settings = [`--registry=http://127.0.0.1:${port}`, `--cache=${folder.path}/cache`];
  const prefix = `--prefix=${folder.path}`;
  await promisify(execFile)('npm', ['install', ...settings, prefix, '--ignore-scripts', '--no-audit', SERVER]);
  assert.match(await readFile(join(folder.path, 'package-lock.json'), 'utf8'), /"node_modules\/zod"/);
  const installed = JSON.parse(await readFile(join(folder.path, 'node_modules', SERVER, 'package.json'), 'utf8'));
  assert.equal(installed.name, SERVER);
});

test('an index of wheels finds a project however its name is written', async () => {
  await using folder = await tempDir();
  await writeFile(join(folder.path, 'mcp_server_time-1.0-py3-none-any.whl'), 'wheel');
  await using server = registryServer(packageStore(ROOT), wheelStore(folder.path));
  const port = await listenOn(server);

  const origin = `http://127.0.0.1:${port}`;
  for (const name of ['mcp-server-time', 'MCP.Server_Time']) {
    const [, href = ''] = /href="([^"]+)"/.exec(await (await fetch(`${origin}/simple/${name}/`)).text()) ?? [];
    assert.equal(await (await fetch(origin + href)).text(), 'wheel');
  }
  assert.equal((await fetch(`${origin}/simple/mcp/`)).status, 404);
});
