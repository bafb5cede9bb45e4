import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from './failure.ts';

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
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const living = await Promise.all(pids.map((pid) => isLivingMember(pid, group)));
  return !living.includes(true);
}

async function isLivingMember(pid: string, group: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // after the name, which is in parentheses and may hold anything: state, parent, group (proc_pid_stat(5))
  const [state, , its] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(its) === group && state !== 'Z' && state !== 'X';
}
