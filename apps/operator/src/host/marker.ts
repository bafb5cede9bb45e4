/** Every process that a host starts carries a marker in its environment; children of children inherit it. */
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { processIds } from './proc.ts';

const MARKER_VARIABLE = 'MCP_RUNTIME_INSTANCE';
const GRACE_MS = 1000;
const POLL_MS = 20;

/** The same for all runs on one data folder. Of fixed length, so that none is the beginning of another. */
export function instancePrefix(dataDir: string, instance: string): string {
  return `${createHash('sha256').update(`${dataDir}\0${instance}`).digest('hex').slice(0, 16)}.`;
}

/** A run of its own: the watchdog of the run before may still be at work when this one starts. */
export function newMarker(prefix: string): string {
  return `${prefix}${randomBytes(4).toString('hex')}`;
}

export function withMarker(env: Readonly<Record<string, string>>, marker: string): Record<string, string> {
  return { ...env, [MARKER_VARIABLE]: marker };
}

/**
 * Ends every living process whose marker begins with `prefix`: SIGTERM, after a second SIGKILL.
 * Returns how many there were; without /proc none can be found.
 */
export async function endMarked(prefix: string): Promise<number> {
  const found = await findMarked(prefix);
  if (found.length === 0) return 0;
  signalAll(found, 'SIGTERM');
  if ((await remaining(prefix)).length === 0) return found.length;
  signalAll(await findMarked(prefix), 'SIGKILL');
  await remaining(prefix);
  return found.length;
}

/** Waits until none is left, for a second at most. */
async function remaining(prefix: string): Promise<readonly number[]> {
  for (let waited = 0; waited < GRACE_MS; waited += POLL_MS) {
    await delay(POLL_MS);
    if ((await findMarked(prefix)).length === 0) return [];
  }
  return findMarked(prefix);
}

async function findMarked(prefix: string): Promise<readonly number[]> {
  const pids = await processIds();
  const marks = await Promise.all(pids.map((pid) => isMarked(pid, prefix)));
  return pids.filter((_, index) => marks[index] === true);
}

async function isMarked(pid: number, prefix: string): Promise<boolean> {
  try {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1');
    return `\0${environment}`.includes(`\0${MARKER_VARIABLE}=${prefix}`);
  } catch {
    // ended meanwhile, or somebody else's process
    return false;
  }
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // ended meanwhile
    }
  }
}
