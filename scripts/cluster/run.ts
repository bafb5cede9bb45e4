import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

/** Takes one line of progress. */
export type Say = (line: string) => void;

export interface Ended {
  readonly status: number;
  readonly stdout: string;
  /** The last line of what it said on standard error. */
  readonly complaint: string;
}

/** Runs a program to its end; what it says on standard error is passed on line by line. */
export async function runTelling(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  say: Say,
): Promise<Ended> {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const failed = new Promise<number>((resolve) =>
    child.once('error', (error) => {
      complaint = error.message;
      resolve(127);
    }),
  );
  let complaint = '';
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => {
    complaint = line;
    say(line);
  });
  const closed = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  const stdout = text(child.stdout);
  const status = await Promise.race([closed, failed]);
  return { status, stdout: status === 127 ? '' : await stdout, complaint };
}

/** Runs a program without a word; a text says why it failed. */
export async function runQuietly(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<string | undefined> {
  const { status, complaint } = await runTelling(program, args, env, () => undefined);
  return status === 0 ? undefined : complaint || `status ${status}`;
}
