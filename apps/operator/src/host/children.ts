import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { AppError } from '@mcp-runtime/api';
import { type Running, closeOnce } from '@mcp-runtime/base';
import { endGroup } from './group.ts';
import { endMarked, withMarker } from './marker.ts';
import { type SpawnChild } from './port.ts';
import { type Watchdog } from './watchdog.ts';

/** Every process that the host starts goes through here. Closing ends all of them. */
export interface Children extends Running {
  readonly spawn: SpawnChild;
  /** Ends the whole group of the child: SIGTERM, after three seconds SIGKILL. Resolves when none is left. */
  end(child: ChildProcessWithoutNullStreams): Promise<void>;
}

export function openChildren(marker: string, watchdog: Watchdog): Children {
  const living = new Set<number>();
  const ending = new Map<number, Promise<void>>();
  let closed = false;

  const start: SpawnChild = (command, args, { env, cwd }) => {
    if (closed) throw new AppError('service_unavailable', 'the host is closing');
    // a group of its own, so that the children of the child end with it
    const child = spawn(command, [...args], { cwd, env: withMarker(env, marker), detached: true, stdio: 'pipe' });
    // the other side may go away at any time; that shows as an exit
    child.stdin.on('error', () => {});
    child.on('error', () => {});
    const group = child.pid;
    if (group === undefined) return child;
    watchdog.watch(group);
    living.add(group);
    // what the child started must not outlive it
    child.once('exit', () => void endOnce(group));
    return child;
  };

  function endOnce(group: number): Promise<void> {
    if (!living.has(group)) return Promise.resolve();
    const already = ending.get(group);
    if (already !== undefined) return already;
    const ended = endGroup(group).then(() => {
      living.delete(group);
      ending.delete(group);
      watchdog.forget(group);
    });
    ending.set(group, ended);
    return ended;
  }

  return {
    spawn: start,
    end: (child) => (child.pid === undefined ? Promise.resolve() : endOnce(child.pid)),
    ...closeOnce(async () => {
      closed = true;
      await Promise.all([...living].map(endOnce));
      // some start children in sessions of their own, which no group finds
      await endMarked(marker);
    }),
  };
}
