import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@mcp-runtime/api';
import { signalAfter } from '@mcp-runtime/base';
import { untilAborted } from './abort.ts';
import { type Children } from './children.ts';
import { cannotStart } from './failure.ts';
import { onLines } from './lines.ts';

const INSTALL_DEADLINE_MS = 10 * 60 * 1000;
const KEPT_LINES = 200;
const COMPLETE = '.complete';

/** Runs npm, uv and pip, one installation per folder however many servers ask. */
export interface Installer {
  /** Makes `folder` complete with the steps, in order; does nothing when it is. A part-filled one is begun again. */
  once(folder: string, steps: readonly Step[]): Promise<void>;
}

export interface Step {
  readonly command: string;
  readonly args: readonly string[];
  /** Text of files that it reads, by name, in the folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** The error for a step that ended with another status than 0. */
  toError(output: readonly string[]): AppError;
}

interface InstallerOptions {
  readonly children: Children;
  readonly env: Readonly<Record<string, string>>;
  /** Ends what is being installed. */
  readonly signal: AbortSignal;
}

export function createInstaller({ children, env, signal }: InstallerOptions): Installer {
  const running = new Map<string, Promise<void>>();

  async function install(folder: string, steps: readonly Step[]): Promise<void> {
    // The mark makes it atomic. A temporary folder would not do: a Python environment cannot be moved.
    if (await exists(join(folder, COMPLETE))) return;
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const step of steps) await run(step, folder);
    await writeFile(join(folder, COMPLETE), '');
  }

  async function run(step: Step, cwd: string): Promise<void> {
    for (const [name, text] of Object.entries(step.files ?? {})) await writeFile(join(cwd, name), text);
    const child = children.spawn(step.command, step.args, { cwd, env });
    const output: string[] = [];
    const keep = (line: string): void => {
      output.push(line);
      if (output.length > KEPT_LINES) output.shift();
    };
    child.stdin.end();
    onLines(child.stdout, keep);
    onLines(child.stderr, keep);
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', (error) => reject(installFailed(cannotStart(step.command, error).message)));
      child.once('close', (status) => resolve(status));
    });
    try {
      const status = await untilAborted(signalAfter(INSTALL_DEADLINE_MS, signal), ended);
      if (status !== 0) throw step.toError(output);
    } finally {
      await children.end(child);
    }
  }

  return {
    once(folder, steps) {
      const already = running.get(folder);
      if (already !== undefined) return already;
      const installed = install(folder, steps).finally(() => running.delete(folder));
      running.set(folder, installed);
      return installed;
    },
  };
}

export function installFailed(message: string): AppError {
  return new AppError('install_failed', message);
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
