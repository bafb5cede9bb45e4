import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Logger, type Running, closeOnce } from '@mcp-runtime/base';

const SCRIPT = fileURLToPath(new URL('./watchdog.sh', import.meta.url));
const RESTART_MS = 500;

/** A process that ends the watched groups when this one is gone, even after `kill -9`. */
export interface Watchdog extends Running {
  watch(group: number): void;
  forget(group: number): void;
}

interface WatchdogOptions {
  readonly marker: string;
  /** PATH of the script. */
  readonly searchPath: string;
  readonly log: Logger;
}

export async function startWatchdog({ marker, searchPath, log }: WatchdogOptions): Promise<Watchdog> {
  const groups = new Set<number>();
  const stop = new AbortController();
  let script = await startScript(marker, searchPath);
  const kept = keepRunning();

  function tell(line: string): void {
    script.input.write(`${line}\n`);
  }

  async function keepRunning(): Promise<void> {
    for (;;) {
      await script.ended;
      if (stop.signal.aborted) return;
      log.error('the watchdog ended, starting another');
      await delay(RESTART_MS, undefined, { signal: stop.signal }).catch(() => {});
      if (stop.signal.aborted) return;
      try {
        script = await startScript(marker, searchPath);
        for (const group of groups) tell(`+ ${group}`);
      } catch (error) {
        log.error('the watchdog cannot be started', { error });
      }
    }
  }

  return {
    watch(group) {
      groups.add(group);
      tell(`+ ${group}`);
    },
    forget(group) {
      groups.delete(group);
      tell(`- ${group}`);
    },
    ...closeOnce(async () => {
      stop.abort();
      script.input.end('.\n');
      await kept;
    }),
  };
}

/** Where something else sees to it. */
export function noWatchdog(): Watchdog {
  return { watch: () => {}, forget: () => {}, ...closeOnce(async () => {}) };
}

interface Script {
  readonly input: Writable;
  readonly ended: Promise<unknown>;
}

async function startScript(marker: string, searchPath: string): Promise<Script> {
  const child = spawn('/bin/sh', [SCRIPT, marker], {
    cwd: '/',
    // the marker is an argument, not a variable: it must not find itself
    env: { PATH: searchPath },
    // a session of its own: an interrupt typed at the terminal does not reach it
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  await once(child, 'spawn');
  // a write to a script that has ended is answered by the start of another
  child.stdin.on('error', () => {});
  return { input: child.stdin, ended: exitOf(child) };
}

async function exitOf(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}
