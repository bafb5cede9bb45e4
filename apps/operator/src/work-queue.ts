import { setTimeout as delay } from 'node:timers/promises';
import { type ObjectKey, keyText } from '@mcp-runtime/api';
import { type BackoffPolicy, type Running, backoffMs, closeOnce } from '@mcp-runtime/base';

/** Runs work for keys: never twice at once for one key, again when it was asked for meanwhile, later when it failed. */
export interface WorkQueue extends Running {
  add(key: ObjectKey): void;
}

interface WorkQueueOptions {
  readonly work: (key: ObjectKey, signal: AbortSignal) => Promise<void>;
  readonly backoff: BackoffPolicy;
  readonly onError: (key: ObjectKey, error: unknown) => void;
}

export function createWorkQueue({ work, backoff, onError }: WorkQueueOptions): WorkQueue {
  const stop = new AbortController();
  const dirty = new Map<string, ObjectKey>();
  const running = new Map<string, Promise<void>>();

  async function run(key: ObjectKey): Promise<void> {
    for (let failures = 0; dirty.has(keyText(key)) && !stop.signal.aborted;) {
      dirty.delete(keyText(key));
      try {
        await work(key, stop.signal);
        failures = 0;
      } catch (error) {
        if (stop.signal.aborted) return;
        onError(key, error);
        await delay(backoffMs(backoff, failures), undefined, { signal: stop.signal }).catch(() => {});
        failures += 1;
        dirty.set(keyText(key), key);
      }
    }
  }

  return {
    add: (key) => {
      const id = keyText(key);
      dirty.set(id, key);
      if (running.has(id) || stop.signal.aborted) return;
      running.set(
        id,
        run(key).finally(() => running.delete(id)),
      );
    },
    ...closeOnce(async () => {
      stop.abort();
      await Promise.all(running.values());
    }),
  };
}
