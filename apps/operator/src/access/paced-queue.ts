import { setImmediate as breathe, setTimeout as delay } from 'node:timers/promises';
import { type BackoffPolicy, type Running, backoffMs, closeOnce } from '@mcp-runtime/base';

export interface PacedQueueOptions {
  /** What to write for a thing, as it is now; undefined when nothing is to be written. */
  readonly decide: (id: string) => (() => Promise<void>) | undefined;
  readonly writesPerSecond: number;
  /** Writes under way at once. */
  readonly concurrency: number;
  /** After a write that failed, before anything else is written. */
  readonly backoff: BackoffPolicy;
  readonly onError: (id: string, error: unknown) => void;
}

/**
 * Things to look at, each once however often it was added. Looking costs nothing; what is written is paced, so that very
 * many of them are no rush on the store. What is urgent does not wait for what is not.
 */
export interface PacedQueue extends Running {
  add(id: string, lane: 'urgent' | 'backlog'): void;
  /** How many wait to be looked at or written. */
  size(): number;
}

/** Other work of this thread goes on in between. */
const LOOKS_AT_ONCE = 128;

export function createPacedQueue(options: PacedQueueOptions): PacedQueue {
  const { decide, writesPerSecond, concurrency, backoff, onError } = options;
  const stop = new AbortController();
  const urgent = new Set<string>();
  const backlog = new Set<string>();
  const writing = new Set<Promise<void>>();
  const bucket = createBucket(writesPerSecond);
  let failures = 0;
  let hasFailed = false;
  let pump: Promise<void> | undefined;

  const take = (): string | undefined => {
    const lane = urgent.size > 0 ? urgent : backlog;
    const [id] = lane;
    if (id !== undefined) lane.delete(id);
    return id;
  };

  async function write(id: string, start: () => Promise<void>): Promise<void> {
    try {
      await start();
      failures = 0;
    } catch (error) {
      if (stop.signal.aborted) return;
      failures += 1;
      hasFailed = true;
      backlog.add(id);
      onError(id, error);
    }
  }

  /** What cannot even be decided is told and left: it is looked at again when something changes. */
  function decided(id: string): (() => Promise<void>) | undefined {
    try {
      return decide(id);
    } catch (error) {
      onError(id, error);
      return undefined;
    }
  }

  async function look(id: string): Promise<void> {
    const start = decided(id);
    if (start === undefined) return;
    const done = write(id, start).finally(() => writing.delete(done));
    writing.add(done);
    await bucket.taken(stop.signal);
    if (writing.size >= concurrency) await Promise.race(writing);
  }

  async function run(): Promise<void> {
    for (let looks = 1; !stop.signal.aborted; looks++) {
      if (looks % LOOKS_AT_ONCE === 0) await breathe();
      if (hasFailed) await backOff();
      const id = take();
      if (id !== undefined) await look(id);
      else if (writing.size > 0) await Promise.race(writing);
      else {
        // Here and now: whatever is added from now on starts another run.
        pump = undefined;
        return;
      }
    }
  }

  async function backOff(): Promise<void> {
    hasFailed = false;
    await pause(backoffMs(backoff, Math.max(0, failures - 1)), stop.signal);
  }

  return {
    add: (id, lane) => {
      if (lane === 'urgent') backlog.delete(id);
      if (lane === 'urgent' || !urgent.has(id)) (lane === 'urgent' ? urgent : backlog).add(id);
      if (stop.signal.aborted) return;
      pump ??= Promise.resolve().then(run);
    },
    size: () => urgent.size + backlog.size + writing.size,
    ...closeOnce(async () => {
      stop.abort();
      await pump;
      await Promise.all(writing);
    }),
  };
}

interface Bucket {
  /** Takes one, and waits until the next may be taken. */
  taken(signal: AbortSignal): Promise<void>;
}

/** Up to a second's worth goes at once. */
function createBucket(perSecond: number): Bucket {
  let left = perSecond;
  let filledAt = performance.now();
  return {
    taken: async (signal) => {
      const now = performance.now();
      left = Math.min(perSecond, left + ((now - filledAt) / 1000) * perSecond) - 1;
      filledAt = now;
      if (left < 1) await pause(((1 - left) / perSecond) * 1000, signal);
    },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
