import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type Child, listening } from './child.ts';
import { type Usage } from './protocol.ts';

/** Of `/proc/PID/stat` on every Linux that Node runs on (proc(5), `sysconf(_SC_CLK_TCK)`). */
const MICROS_PER_TICK = 10_000;

/** Starts a program that is not of Node, and waits until it listens on the port. Linux only: what it used is in /proc. */
export async function startNative(program: string, args: readonly string[], port: number): Promise<Child> {
  const child = spawn(program, args, { stdio: 'ignore' });
  await once(child, 'spawn');
  await listening(port);
  return {
    url: `http://127.0.0.1:${port}`,
    ask: async (_question, answer) => answer.parse(usageOf(child.pid ?? 0)),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}

function usageOf(pid: number): Usage {
  const [, afterName = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const fields = afterName.split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const resident = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { cpuMicros: ticks * MICROS_PER_TICK, rssBytes: Number(resident) * 1024, lateP99: 0, lateMax: 0 };
}
