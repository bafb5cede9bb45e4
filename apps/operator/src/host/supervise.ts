import { setTimeout as delay } from 'node:timers/promises';
import { type AppError } from '@mcp-runtime/api';
import { type BackoffPolicy, type Clock, backoffMs } from '@mcp-runtime/base';
import { untilAborted } from './abort.ts';
import { UnusableSource, toFailure } from './failure.ts';
import { overMemory } from './memory-limit.ts';
import { type HostServer, type HostState } from './port.ts';
import { preparation, type Program } from './program.ts';
import { type Run } from './run.ts';

/** A run this long was a success: the next crash is waited for from the start of the backoff. */
const STEADY_MS = 60_000;

interface Steps {
  readonly clock: Clock;
  readonly backoff: BackoffPolicy;
  prepare(): Promise<Program>;
  start(program: Program, signal: AbortSignal): Promise<Run>;
  /** The state from now on, asked for whenever somebody wants to know. */
  report(state: () => HostState): void;
}

/** Keeps one server running until `signal` aborts; resolves when no process of it is left. */
export async function supervise(server: HostServer, steps: Steps, signal: AbortSignal): Promise<void> {
  const { url } = server.source;
  if (url !== undefined) {
    steps.report(() => ({ phase: 'running', upstreamUrl: url, pids: [], restarts: 0 }));
    return;
  }
  let attempt = 0;
  for (let restarts = 0; ; restarts++) {
    const { error, ranMs } = await runOnce(server, steps, restarts, signal);
    if (signal.aborted) return;
    if (error instanceof UnusableSource) {
      steps.report(() => failedState(error));
      return;
    }
    attempt = ranMs >= STEADY_MS ? 0 : attempt;
    const waitMs = backoffMs(steps.backoff, attempt++);
    const retryAtMs = steps.clock() + waitMs;
    const { code, message } = error;
    steps.report(() => ({ phase: 'backing-off', code, message, restarts, retryAtMs }));
    // an abort only ends the wait early; the next run notices it
    await delay(waitMs, undefined, { signal }).catch(() => {});
  }
}

interface Ending {
  readonly error: AppError;
  readonly ranMs: number;
}

async function runOnce(server: HostServer, steps: Steps, restarts: number, signal: AbortSignal): Promise<Ending> {
  try {
    signal.throwIfAborted();
    steps.report(() => ({ phase: 'preparing', message: preparation(server.source) }));
    const program = await untilAborted(signal, steps.prepare());
    steps.report(() => ({ phase: 'preparing', message: 'starting' }));
    await using run = await steps.start(program, signal);
    const startedMs = steps.clock();
    steps.report(() => ({ phase: 'running', upstreamUrl: run.upstreamUrl, pids: run.pids(), restarts }));
    const error = await untilAborted(signal, endOf(run, server.memoryLimitBytes, signal));
    return { error, ranMs: steps.clock() - startedMs };
  } catch (error) {
    return { error: toFailure(error), ranMs: 0 };
  }
}

/** Why the run is over: it ended by itself, or has to be ended for what it uses. */
async function endOf(run: Run, memoryLimitBytes: number | undefined, signal: AbortSignal): Promise<AppError> {
  if (memoryLimitBytes === undefined) return run.ended;
  const watching = new AbortController();
  try {
    const stop = AbortSignal.any([signal, watching.signal]);
    return await Promise.race([run.ended, overMemory(() => run.pids(), memoryLimitBytes, stop)]);
  } finally {
    watching.abort();
  }
}

function failedState({ code, message, next }: AppError): HostState {
  return { phase: 'failed', code, message, ...(next !== undefined && { next }) };
}
