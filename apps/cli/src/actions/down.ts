import { setTimeout as delay } from 'node:timers/promises';
import { AppError, RuntimeStatus, asAppError } from '@mcp-runtime/api';
import { z } from 'zod';
import { errnoOf } from '@mcp-runtime/base';
import { type Invocation } from '../frame/command.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import { type RuntimeFile, dataDirOf, findTarget, readRuntimeFile } from './target.ts';

const STOP_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 50;

interface Flags {
  readonly 'data-dir': string | undefined;
}

/** Asks the runtime of the data folder to stop and waits until its process is gone. Fine when nothing runs. */
export async function run({ flags, io }: Invocation<Flags>): Promise<void> {
  const dataDir = dataDirOf(flags['data-dir'], io.env);
  const runtime = await readRuntimeFile(dataDir).catch(() => undefined);
  if (runtime === undefined || !isAlive(runtime.pid)) {
    io.stdout.write('nothing runs\n');
    return;
  }
  const target = await findTarget({ 'api-url': runtime.apiUrl, 'data-dir': dataDir }, {});
  const api = createApiClient(target, io.signal);
  if (!(await isThisRuntime(api, runtime))) {
    io.stdout.write('nothing runs\n');
    return;
  }
  await api.call('/runtime/shutdown', z.unknown(), { method: 'POST', body: {} });
  await untilGone(runtime.pid, io.signal);
  io.stdout.write('stopped\n');
}

/** A process that died hard leaves its file behind, and its pid and port may belong to another program by now. */
async function isThisRuntime(api: ApiClient, runtime: RuntimeFile): Promise<boolean> {
  try {
    const status = await api.call('/runtime/status', RuntimeStatus);
    return status.instance === runtime.instance && status.pid === runtime.pid;
  } catch (error) {
    if (isRefused(error)) return false;
    throw error;
  }
}

function isRefused(error: unknown): boolean {
  const { cause } = asAppError(error);
  return errnoOf(cause) === 'ECONNREFUSED';
}

async function untilGone(pid: number, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + STOP_WITHIN_MS;
  while (isAlive(pid)) {
    if (signal.aborted) throw new AppError('canceled', 'interrupted');
    if (performance.now() > deadline)
      throw new AppError('deadline_exceeded', `process ${pid} was asked to stop and still runs`, {
        next: `look at its log; \`kill ${pid}\` asks again`,
      });
    await delay(LOOK_EVERY_MS);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Alive, but of another user.
    return errnoOf(error) === 'EPERM';
  }
}
