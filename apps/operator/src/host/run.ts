import { type ChildProcessWithoutNullStreams } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import { AppError } from '@mcp-runtime/api';
import { type Running, closeOnce, signalAfter } from '@mcp-runtime/base';
import { untilAborted } from './abort.ts';
import { type Children } from './children.ts';
import { type BaseEnvironment, type ServerFolder } from './environment.ts';
import { cannotStart, describeExit } from './failure.ts';
import { onLines } from './lines.ts';
import { LOOPBACK, type Ports, untilAccepting } from './loopback.ts';
import { type HostServer, type SpawnChild, type StartBridge } from './port.ts';
import { type Program } from './program.ts';
import { type ServerLog } from './server-log.ts';

/** One run of a server, from the moment it can be reached. Closing leaves no process. */
export interface Run extends Running {
  readonly upstreamUrl: string;
  pids(): readonly number[];
  /** Why it ended by itself. */
  readonly ended: Promise<AppError>;
}

export interface RunParts {
  readonly children: Children;
  readonly ports: Ports;
  readonly startBridge: StartBridge;
  readonly base: BaseEnvironment;
  readonly folder: ServerFolder;
  readonly output: ServerLog;
}

const START_DEADLINE_MS = 30_000;
const KEPT_LINES = 50;
const LAST_WORDS_MS = 500;

/** Resolves when the server accepts connections. Rejects with why it did not, or when `signal` aborts. */
export async function startRun(
  server: HostServer,
  program: Program,
  parts: RunParts,
  signal: AbortSignal,
): Promise<Run> {
  const cwd = program.cwd ?? parts.folder.work;
  await requireFolder(cwd);
  const env = { ...parts.base, HOME: parts.folder.work, TMPDIR: parts.folder.temporary, ...server.env };
  const start = server.transport === 'http' ? startHttp : startStdio;
  return start(server, { ...program, cwd, env }, parts, signal);
}

interface Placed extends Program {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

async function startHttp(server: HostServer, program: Placed, parts: RunParts, signal: AbortSignal): Promise<Run> {
  const port = await parts.ports.take();
  const env = { ...program.env, PORT: String(port), HOST: LOOPBACK, MCP_PATH: server.mcpPath };
  const child = parts.children.spawn(program.command, program.args, { cwd: program.cwd, env });
  const stderr = new LastLines(parts.output);
  child.stdin.end();
  onLines(child.stdout, (line) => parts.output.write(line));
  onLines(child.stderr, (line) => stderr.add(line));
  const run: Run = {
    upstreamUrl: `http://${LOOPBACK}:${port}${server.mcpPath}`,
    pids: () => (child.pid === undefined ? [] : [child.pid]),
    ended: endOf(child, program.command, stderr),
    ...closeOnce(async () => {
      await parts.children.end(child);
      parts.ports.giveBack(port);
    }),
  };
  try {
    await untilListening(port, run.ended, signal);
    return run;
  } catch (error) {
    await run.close();
    throw error;
  }
}

async function untilListening(port: number, ended: Promise<AppError>, signal: AbortSignal): Promise<void> {
  const given = new AbortController();
  try {
    await Promise.race([
      untilAccepting(port, signalAfter(START_DEADLINE_MS, signal, given.signal)),
      ended.then((error) => Promise.reject(error)),
    ]);
  } catch (error) {
    if (error instanceof AppError || signal.aborted) throw error;
    const message = `it did not listen on port ${port}, given to it as \`PORT\`, within ${START_DEADLINE_MS / 1000} s`;
    throw new AppError('server_exited', message, { cause: error });
  } finally {
    given.abort();
  }
}

async function startStdio(server: HostServer, program: Placed, parts: RunParts, signal: AbortSignal): Promise<Run> {
  const started = new Set<ChildProcessWithoutNullStreams>();
  const stderr = new LastLines(parts.output);
  const failed = Promise.withResolvers<AppError>();

  const spawn: SpawnChild = (command, args, place) => {
    const child = parts.children.spawn(command, args, place);
    started.add(child);
    child.once('close', () => started.delete(child));
    let gaveUp = true;
    // Looked at as it ends: the bridge, which hears of it next, closes the input.
    child.once('exit', () => (gaveUp = endedByItself(child)));
    void endOf(child, command, stderr).then((error) => {
      // The end of one session's process is the bridge's business, but one that never spoke never will.
      if (gaveUp && !hasSpoken(child)) failed.resolve(error);
    });
    return child;
  };
  const endAll = async (): Promise<void> => {
    await Promise.all([...started].map((child) => parts.children.end(child)));
  };

  const starting = parts.startBridge({
    command: program.command,
    args: program.args,
    env: program.env,
    cwd: program.cwd,
    path: server.mcpPath,
    process: server.bridge.isolation === 'shared' ? 'shared' : 'per-session',
    maxSessions: server.bridge.maxSessions,
    spawn,
    onStderr: (line) => stderr.add(line),
  });
  try {
    const bridge = await untilAborted(signal, starting);
    return {
      upstreamUrl: bridge.url,
      pids: () => bridge.pids(),
      ended: failed.promise,
      ...closeOnce(async () => {
        await bridge.close();
        await endAll();
      }),
    };
  } catch (error) {
    // given up before it was there: close it when it comes
    void starting.then((bridge) => bridge.close()).catch(() => {});
    await endAll();
    throw error;
  }
}

/** Passes lines on to the log and keeps the newest, to tell why a program ended. */
class LastLines {
  readonly #output: ServerLog;
  readonly lines: string[] = [];

  constructor(output: ServerLog) {
    this.#output = output;
  }

  add(line: string): void {
    this.#output.write(line);
    this.lines.push(line);
    if (this.lines.length > KEPT_LINES) this.lines.shift();
  }
}

function endOf(child: ChildProcessWithoutNullStreams, command: string, stderr: LastLines): Promise<AppError> {
  return new Promise((resolve) => {
    const tell = (): void =>
      resolve(new AppError('server_exited', describeExit(child.exitCode, child.signalCode, stderr.lines)));
    child.once('error', (error) => resolve(cannotStart(command, error)));
    child.once('close', tell);
    // its last words may still be in the pipe, but a grandchild can hold that open for ever
    child.once('exit', () => setTimeout(tell, LAST_WORDS_MS).unref());
  });
}

/** Whether it gave up while it could still have been asked something. */
function endedByItself({ exitCode, signalCode, stdin }: ChildProcessWithoutNullStreams): boolean {
  return exitCode !== 0 && signalCode === null && !stdin.writableEnded;
}

function hasSpoken({ stdout }: ChildProcessWithoutNullStreams): boolean {
  return stdout instanceof Socket && stdout.bytesRead > 0;
}

async function requireFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => {});
  if (found?.isDirectory() !== true) throw new AppError('server_exited', `working folder \`${path}\` does not exist`);
}
