/** Started by a user's own Node, without a wrapper that knows which flags are good for it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readRuntimeFile } from '../support/platform-api.ts';
import { BIN } from '../support/program.ts';
import { writePolicy } from '../support/standalone.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const FREE_PORTS = ['--listen', '127.0.0.1:0', '--api-listen', '127.0.0.1:0'];

test('`up` runs with a small young generation, as the process that was started', async (t) => {
  if (process.platform !== 'linux') return t.skip('looks into /proc');
  await using folder = await tempDir();
  const dataDir = join(folder.path, 'data');
  const child = spawn(process.execPath, ['--no-deprecation', BIN, 'up', '--data-dir', dataDir, ...FREE_PORTS], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
  child.stdout.resume();
  try {
    const runtime = await until('the runtime announces itself', () => readRuntimeFile(dataDir));
    assert.equal(runtime.pid, child.pid);
    const words = (await readFile(`/proc/${child.pid}/cmdline`, 'utf8')).split('\0');
    assert.equal(words.filter((word) => word === '--max-semi-space-size=4').length, 1);
    assert.ok(words.includes('--no-deprecation'), 'flags of the user stay');
  } finally {
    child.kill('SIGTERM');
  }
  assert.deepEqual(await exited, [0, null], told);
  assert.doesNotMatch(told, /Warning/);
});

const TRUSTING = ['--trust-headers-from', '127.0.0.0/8'];

test('`serve gateway` runs with the collector that calls ask for', async (t) => {
  if (process.platform !== 'linux') return t.skip('looks into /proc');
  await using folder = await tempDir();
  const policy = join(folder.path, 'policy.json');
  await writePolicy(policy, { auth: 'header', tools: [] }, folder.path);
  const words = ['--listen', '127.0.0.1:0', '--policy', policy, '--upstream', 'http://127.0.0.1:9/', ...TRUSTING];
  const child = spawn(process.execPath, ['--no-deprecation', BIN, 'serve', 'gateway', ...words], {
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let told = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (told += text));
  }
  try {
    await until('the gateway announces itself', () => / at http:/.exec(told) ?? undefined);
    const flags = (await readFile(`/proc/${child.pid}/cmdline`, 'utf8')).split('\0').slice(1, 4);
    assert.deepEqual(flags, ['--max-semi-space-size=16', '--no-parallel-scavenge', '--no-deprecation']);
  } finally {
    child.kill('SIGTERM');
  }
  assert.deepEqual(await exited, [0, null], told);
});
