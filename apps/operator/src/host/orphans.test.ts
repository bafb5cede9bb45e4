import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isAlive, openHost, untilTrue } from './testdata/fixture.ts';

const skip = process.platform === 'linux' ? false : 'needs /proc';
const HOST_PROCESS = fileURLToPath(new URL('./testdata/host-process.ts', import.meta.url));

interface HostProcess {
  readonly pid: number;
  readonly servers: readonly number[];
  kill(): Promise<void>;
}

async function startHostProcess(dataDir: string): Promise<HostProcess> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', HOST_PROCESS, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout);
  const first: unknown[] = await once(lines, 'line');
  const servers: unknown = JSON.parse(String(first[0]));
  assert.ok(Array.isArray(servers) && child.pid !== undefined);
  const gone = once(child, 'exit');
  return {
    pid: child.pid,
    servers: servers.map(Number),
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

test('after kill -9 of the runtime none of its servers is left, wherever they moved', { skip }, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'host-'));
  const host = await startHostProcess(dataDir);
  const watchdogs = await childrenOf(host.pid, 'watchdog.sh');
  assert.equal(host.servers.filter(isAlive).length, 5);
  assert.equal(watchdogs.length, 1);
  await host.kill();
  await untilTrue('no server is left', () => !host.servers.some(isAlive));
  await untilTrue('the watchdog is gone', () => !watchdogs.some(isAlive));
  await rm(dataDir, { recursive: true });
});

test('the next run ends what is left when the watchdog was killed too', { skip }, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'host-'));
  const host = await startHostProcess(dataDir);
  for (const pid of await childrenOf(host.pid, 'watchdog.sh')) process.kill(pid, 'SIGKILL');
  await host.kill();
  assert.equal(host.servers.filter(isAlive).length, 5);
  await using next = await openHost({ dataDir });
  assert.equal(next.dataDir, dataDir);
  assert.deepEqual(host.servers.filter(isAlive), []);
});

test('a watchdog that was killed is replaced', { skip }, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'host-'));
  const host = await startHostProcess(dataDir);
  const [first] = await childrenOf(host.pid, 'watchdog.sh');
  assert.ok(first !== undefined);
  process.kill(first, 'SIGKILL');
  await untilTrue('there is another', async () =>
    (await childrenOf(host.pid, 'watchdog.sh')).some((pid) => pid !== first && isAlive(pid)),
  );
  await host.kill();
  await untilTrue('no server is left', () => !host.servers.some(isAlive));
  await rm(dataDir, { recursive: true });
});

async function childrenOf(parent: number, command: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (stat.split(') ')[1]?.split(' ')[1] === String(parent) && line.includes(command)) found.push(Number(name));
  }
  return found;
}
