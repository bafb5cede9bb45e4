import { type ObjectKey, asAppError, keyText } from '@mcp-runtime/api';
import { type BackoffPolicy, type Running, backoffMs, closeOnce } from '@mcp-runtime/base';

/**
 * Runs work for keys: never twice at once for one key, again when it was asked for meanwhile, later when it failed.
 * Work that is under way for a key is told by its signal that it is out of date.
 */
export interface WorkQueue extends Running {
  /** As soon as there is a worker. */
  add(key: ObjectKey): void;
  /** Not before `delayMs`, unless it is asked for earlier. Only the earliest such time counts. */
  addAfter(key: ObjectKey, delayMs: number): void;
  /** How many keys wait for a worker. */
  depth(): number;
}

/** One piece of work that has ended. */
export interface WorkDone {
  readonly key: ObjectKey;
  readonly waitedMs: number;
  readonly tookMs: number;
  /**
   * `outdated`: it was told to start over before it ended. `conflict`: somebody else wrote meanwhile, or the namespace is
   * ending; it is tried again as after an error, and nothing is wrong.
   */
  readonly result: 'success' | 'error' | 'conflict' | 'outdated';
}

interface WorkQueueOptions {
  readonly work: (key: ObjectKey, signal: AbortSignal) => Promise<void>;
  readonly backoff: BackoffPolicy;
  readonly onError: (key: ObjectKey, error: unknown) => void;
  /** How many keys at once; no limit when absent. */
  readonly workers?: number;
  readonly onDone?: (done: WorkDone) => void;
}

interface Later {
  readonly at: number;
  readonly timer: NodeJS.Timeout;
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { work, backoff, onError, onDone, workers = Number.POSITIVE_INFINITY } = options;
  const stop = new AbortController();
  /** In the order of asking, with the time since when each waits. */
  const waiting = new Map<string, { readonly key: ObjectKey; readonly since: number }>();
  const later = new Map<string, Later>();
  const failures = new Map<string, number>();
  const outdated = new Map<string, AbortController>();
  const running = new Map<string, Promise<void>>();

  function add(key: ObjectKey): void {
    const id = keyText(key);
    if (stop.signal.aborted) return;
    clearTimeout(later.get(id)?.timer);
    later.delete(id);
    outdated.get(id)?.abort();
    if (!waiting.has(id)) waiting.set(id, { key, since: performance.now() });
    startNext();
  }

  function addAfter(key: ObjectKey, delayMs: number): void {
    const id = keyText(key);
    const at = performance.now() + delayMs;
    const before = later.get(id);
    if (stop.signal.aborted || waiting.has(id) || (before !== undefined && before.at <= at)) return;
    clearTimeout(before?.timer);
    const timer = setTimeout(() => add(key), delayMs);
    timer.unref();
    later.set(id, { at, timer });
  }

  function startNext(): void {
    for (const [id, { key, since }] of waiting) {
      if (running.size >= workers) return;
      if (running.has(id)) continue;
      waiting.delete(id);
      running.set(id, run(key, since));
    }
  }

  async function run(key: ObjectKey, since: number): Promise<void> {
    const id = keyText(key);
    const startedAt = performance.now();
    const overtaken = new AbortController();
    outdated.set(id, overtaken);
    let result: WorkDone['result'] = 'success';
    try {
      await work(key, AbortSignal.any([stop.signal, overtaken.signal]));
      failures.delete(id);
    } catch (error) {
      // Told to start over: there is nothing to wait for, and nothing to say.
      result = overtaken.signal.aborted || stop.signal.aborted ? 'outdated' : failureOf(error);
      if (result !== 'outdated') onError(key, error);
    }
    outdated.delete(id);
    running.delete(id);
    if (stop.signal.aborted) return;
    onDone?.({ key, waitedMs: startedAt - since, tookMs: performance.now() - startedAt, result });
    if (result === 'error' || result === 'conflict') retryLater(key);
    startNext();
  }

  function retryLater(key: ObjectKey): void {
    const failed = failures.get(keyText(key)) ?? 0;
    failures.set(keyText(key), failed + 1);
    addAfter(key, backoffMs(backoff, failed));
  }

  return {
    add,
    addAfter,
    depth: () => waiting.size,
    ...closeOnce(async () => {
      stop.abort();
      for (const { timer } of later.values()) clearTimeout(timer);
      await Promise.all(running.values());
    }),
  };
}

function failureOf(error: unknown): 'conflict' | 'error' {
  return asAppError(error).code === 'conflict' ? 'conflict' : 'error';
}
