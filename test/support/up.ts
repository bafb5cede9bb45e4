import { RuntimeStatus } from '@mcp-runtime/api';
import { type PlatformApi, openPlatformApi, readRuntimeFile } from './platform-api.ts';
import { type Program, startProgram } from './program.ts';
import { until, untilTrue } from './until.ts';

const RUNNING = /^running; Ctrl-C stops it/m;

export interface Up extends PlatformApi, AsyncDisposable {
  readonly program: Program;
  readonly dataDir: string;
}

export interface UpOptions {
  readonly dataDir: string;
  /** Resource files and folders. */
  readonly files: readonly string[];
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Waits for the API only, not until each server was tried. */
  readonly until?: 'reachable';
}

/** The process of `mcp-runtime up`, which may not be ready yet; on free ports where the flags name none. */
export function startUpProgram({ dataDir, files, flags = [], env = {} }: UpOptions): Promise<Program> {
  const ports = ['--listen', '--api-listen'].filter((flag) => !flags.includes(flag));
  const words = ['up', '--data-dir', dataDir, ...flags, ...ports.flatMap((flag) => [flag, '127.0.0.1:0'])];
  return startProgram([...words, ...files.flatMap((file) => ['-f', file])], { env });
}

/** Resolves once each server was tried. Whether all of them are ready is for `untilAllReady`. */
export async function startUp(options: UpOptions): Promise<Up> {
  const program = await startUpProgram(options);
  try {
    if (options.until === undefined) await program.printed(RUNNING);
    await until('the runtime announces itself', async () => {
      const runtime = await readRuntimeFile(options.dataDir);
      return runtime?.pid === program.pid ? runtime : undefined;
    });
    const api = await openPlatformApi(options.dataDir);
    return {
      ...api,
      program,
      dataDir: options.dataDir,
      [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
    };
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
}

export async function startUpReady(options: UpOptions): Promise<Up> {
  const up = await startUp(options);
  try {
    await untilAllReady(up);
    return up;
  } catch (error) {
    await up[Symbol.asyncDispose]();
    throw error;
  }
}

export async function untilAllReady(api: PlatformApi): Promise<void> {
  await untilTrue('all servers are ready', async () => {
    const { servers } = await api.call(RuntimeStatus, 'GET', '/runtime/status');
    return servers.ready === servers.total;
  });
}
