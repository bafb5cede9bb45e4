import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from './until.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const BIN = fileURLToPath(new URL('../../bin/mcp-runtime.mjs', import.meta.url));

const STOP_WITHIN_MS = 20_000;
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning'];

export interface Exit {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ProgramOptions {
  readonly cwd?: string;
  /** Added to the environment of the test. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** A process with what it printed so far. Disposing of it ends it. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  /** Waits until standard output matches; fails with all that was printed when the process ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Starts `mcp-runtime WORDS…` from the sources. It also ends when this process does. */
export function startProgram(words: readonly string[], options: ProgramOptions = {}): Promise<Program> {
  return startNode([BIN, ...words], options);
}

export async function startNode(args: readonly string[], options: ProgramOptions = {}): Promise<Program> {
  const child = spawn(process.execPath, [...NODE_FLAGS, ...args], {
    cwd: options.cwd ?? ROOT,
    env: { ...cleanEnvironment(), ...options.env },
    // The channel closes with this process, however it ends: then the program stops.
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  }
  const exited = exitOf(child);
  await once(child, 'spawn');
  child.stdin?.on('error', () => {}).end(options.stdin ?? '');
  const kill = (signal: NodeJS.Signals): void => void child.kill(signal);
  return {
    pid: child.pid ?? 0,
    exited,
    kill,
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    printed: (pattern) =>
      until(`it prints ${pattern}`, () => {
        const found = pattern.exec(texts.stdout);
        if (found === null && child.exitCode !== null) throw new Error(`it ended: ${texts.stdout}${texts.stderr}`);
        return found ?? undefined;
      }),
    [Symbol.asyncDispose]: async () => {
      kill('SIGTERM');
      const timer = setTimeout(() => kill('SIGKILL'), STOP_WITHIN_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Resolves once the process is gone and all that it printed was read. */
function exitOf(child: ChildProcess): Promise<Exit> {
  const { promise, resolve, reject } = Promise.withResolvers<Exit>();
  child.once('error', reject);
  child.once('close', (status, signal) => resolve({ status, signal }));
  return promise;
}

/** Without what the developer set for other runtimes, and without what marks a child of the test runner. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !/^(MCP_|NODE_TEST_CONTEXT|NODE_OPTIONS)/.test(name));
  return Object.fromEntries(entries);
}
