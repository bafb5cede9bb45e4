import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type ZodType } from 'zod';
import { Ready } from './protocol.ts';

/** A program of the benchmark in a process of its own. One question at a time. */
export interface Child extends AsyncDisposable {
  readonly url: string;
  ask<T>(question: Question, answer: ZodType<T>): Promise<T>;
}

interface Question {
  readonly ask: string;
  readonly with?: unknown;
}

/** Starts a program and waits until it is ready. It ends when this process does. */
export async function startChild(program: URL, argument: unknown): Promise<Child> {
  const child = fork(fileURLToPath(program), [JSON.stringify(argument)], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
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
      once(child, 'exit', { signal }).then(() => Promise.reject(new Error(`${child.spawnargs[1]} ended`))),
    ]);
    return message;
  } finally {
    settled.abort();
  }
}
