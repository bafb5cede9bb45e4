import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { median } from './rows.ts';

const HELPS = 10;
const SETTLE_MS = 3000;

export interface HelpResult {
  /** Milliseconds: `mcp-runtime --help`, the median of ten, with the code cache warm. */
  readonly helpMs: number;
  /** The same for `node -e 0`: what no program can go below. */
  readonly nodeMs: number;
}

export function measureHelp(root: string): HelpResult {
  const program = join(root, 'bin/mcp-runtime.mjs');
  timeOf([program, '--help']);
  const helps: number[] = [];
  const nodes: number[] = [];
  for (let one = 0; one < HELPS; one++) {
    helps.push(timeOf([program, '--help']));
    nodes.push(timeOf(['-e', '0']));
  }
  return { helpMs: median(helps), nodeMs: median(nodes) };
}

function timeOf(args: readonly string[]): number {
  const began = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`${args.join(' ')} exits with ${status}`);
  return performance.now() - began;
}

export interface MemoryResult {
  /** Resident memory of the runtime's own process; its servers are processes of their own. */
  readonly upMiB: number;
}

/** `mcp-runtime up -f examples/local`, a few seconds after its tour. Linux only: elsewhere undefined. */
export async function measureMemory(root: string): Promise<MemoryResult | undefined> {
  if (process.platform !== 'linux') return undefined;
  const dir = await mkdtemp(join(tmpdir(), 'mcp-runtime-bench-'));
  const listen = ['--listen', '127.0.0.1:0', '--api-listen', '127.0.0.1:0'];
  const args = [join(root, 'bin/mcp-runtime.mjs'), 'up', '-f', join(root, 'examples/local'), '--data-dir', dir];
  const child = spawn(process.execPath, [...args, ...listen], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.startsWith('running;')) continue;
      await delay(SETTLE_MS);
      const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
      return { upMiB: Number(resident) / 1024 };
    }
    throw new Error('`mcp-runtime up` ended before it was ready');
  } finally {
    child.kill('SIGTERM');
    await exited;
    await rm(dir, { recursive: true, force: true });
  }
}
