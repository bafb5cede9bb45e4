import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { silentLogger } from '@mcp-runtime/base';
import { anEvent } from '../testing/an-event.ts';
import { tempFolder } from '../testing/temp-folder.ts';
import { verifyChain } from '../verify-chain.ts';
import { openSpool } from './open-spool.ts';
import { readSpool } from './read-spool.ts';

const program = new URL('../testing/crash-writer.ts', import.meta.url).pathname;

/** Runs a writer until it has told of `acknowledged` records more, kills it and resolves to the last one told. */
async function writeUntilKilled(dir: string, fsync: string, acknowledged: number): Promise<number> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, dir, fsync], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  let killed = false;
  child.stdout.on('data', (chunk: Buffer) => {
    told += chunk.toString();
    if (killed || told.split('\n').length <= acknowledged) return;
    killed = child.kill('SIGKILL');
  });
  await once(child, 'close');
  return Number(told.slice(0, told.lastIndexOf('\n')).split('\n').at(-1));
}

for (const fsync of ['on-rotate', 'always']) {
  test(`a killed writer has lost nothing that it acknowledged, fsync ${fsync}`, async () => {
    await using dir = await tempFolder();
    for (const acknowledged of [1, 7, 100, 31]) {
      const last = await writeUntilKilled(dir.path, fsync, acknowledged);
      const { ok, writers } = await verifyChain(readSpool(dir.path));
      assert.equal(ok, true);
      assert.ok((writers[0]?.last ?? 0) >= last, `record ${last} was acknowledged`);
    }
    await using spool = await openSpool({ dir: dir.path, writer: 'gateway', clock: () => 0, log: silentLogger });
    const before = spool.head().seq;
    await spool.append(anEvent(1));
    const { ok, records } = await verifyChain(readSpool(dir.path));
    assert.deepEqual({ ok, records }, { ok: true, records: before + 1 });
  });
}
