import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '@mcp-runtime/base';
import { processIds, statOf } from './proc.ts';

const TERM_MS = 3000;
const KILL_MS = 1000;
const POLL_MS = 20;
const POLLS_PER_LOOK = 10;

/** Ends a process group: SIGTERM, after three seconds SIGKILL. Resolves when no member is left. */
export async function endGroup(group: number): Promise<void> {
  if (!signalGroup(group, 'SIGTERM')) return;
  if (await groupIsGone(group, TERM_MS)) return;
  signalGroup(group, 'SIGKILL');
  await groupIsGone(group, KILL_MS);
}

async function groupIsGone(group: number, withinMs: number): Promise<boolean> {
  for (let polls = 1; polls * POLL_MS <= withinMs; polls++) {
    if (!signalGroup(group, 0)) return true;
    // The dead whom nobody reaps, as in a container without an init, still answer to signal 0.
    if (polls % POLLS_PER_LOOK === 0 && (await hasOnlyDead(group))) return true;
    await delay(POLL_MS);
  }
  return !signalGroup(group, 0);
}

/** Whether the group has a member. Signal 0 only asks. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}

async function hasOnlyDead(group: number): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const stats = await Promise.all((await processIds()).map(statOf));
  return !stats.some((stat) => stat?.group === group && stat.state !== 'Z' && stat.state !== 'X');
}
