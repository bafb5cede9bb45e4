import { type ChildProcess, type StdioOptions, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { listenOn } from '@mcp-runtime/base';
import { type ZodType } from 'zod';
import { Ready } from './protocol.ts';

/** A program in a process of its own. One question at a time. */
export interface Child extends AsyncDisposable {
  readonly url: string;
  ask<T>(question: Question, answer: ZodType<T>): Promise<T>;
}

interface Question {
  readonly ask: string;
  readonly with?: unknown;
}

const NODE_OPTIONS = ['--disable-warning=ExperimentalWarning'];

/** Starts a program of the benchmark and waits until it is ready. It ends when this process does. */
export function startChild(program: URL, argument: unknown): Promise<Child> {
  return askedThrough(fork(fileURLToPath(program), [JSON.stringify(argument)], { execArgv: NODE_OPTIONS }));
}

/** With the options of Node that `mcp-runtime serve gateway`, and every other `serve` and `up`, give themselves. */
const SERVED = {
  gateway: ['--max-semi-space-size=16', '--no-parallel-scavenge'],
  other: ['--max-semi-space-size=4'],
} as const;

/** Starts a program as `mcp-runtime serve` would. */
export function startServed(program: URL, argument: unknown, as: keyof typeof SERVED = 'gateway'): Promise<Child> {
  const execArgv = [...NODE_OPTIONS, ...SERVED[as]];
  return askedThrough(fork(fileURLToPath(program), [JSON.stringify(argument)], { execArgv }));
}

/** Starts a published program, which knows nothing of the benchmark, and waits until it listens on the port. */
export async function startForeign(program: string, args: readonly string[], port: number): Promise<Child> {
  const watched = new URL('watched.ts', import.meta.url).href;
  const stdio = ['ignore', 'ignore', 'ignore', 'ipc'] satisfies StdioOptions;
  const child = await askedThrough(fork(program, args, { execArgv: [...NODE_OPTIONS, '--import', watched], stdio }));
  const url = `http://127.0.0.1:${port}`;
  await listening(port);
  return { ...child, url };
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOn(server);
  server.close();
  return port;
}

const LISTEN_TRIES = 200;

/** Resolves when something listens on the port of this machine. */
export async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < LISTEN_TRIES; tries++) {
    const socket = connect(port, '127.0.0.1');
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isThere) return;
    await delay(100);
  }
  throw new Error(`nothing listens on port ${port}`);
}

async function askedThrough(child: ChildProcess): Promise<Child> {
  const { url } = Ready.parse(await nextMessage(child));
  return {
    url,
    ask: async (question, answer) => {
      const next = nextMessage(child);
      child.send(question);
      return answer.parse(await next);
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const settled = new AbortController();
  const { signal } = settled;
  try {
    const [message]: unknown[] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(() =>
        Promise.reject(new Error(`${child.spawnargs.find((arg) => arg.endsWith('s'))} ended`)),
      ),
    ]);
    return message;
  } finally {
    settled.abort();
  }
}
