import { setTimeout as delay } from 'node:timers/promises';
import { type ObjectKey, keyText } from '@mcp-runtime/api';
import { type BackoffPolicy, type Running, backoffMs, closeOnce } from '@mcp-runtime/base';

/**
 * Runs work for keys: never twice at once for one key, again when it was asked for meanwhile, later when it failed.
 * Work that is under way for a key is told by its signal that it is out of date.
 */
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
  const current = new Map<string, AbortController>();

  async function run(key: ObjectKey): Promise<void> {
    for (let failures = 0; dirty.has(keyText(key)) && !stop.signal.aborted;) {
      dirty.delete(keyText(key));
      try {
        const outdated = new AbortController();
        current.set(keyText(key), outdated);
        await work(key, AbortSignal.any([stop.signal, outdated.signal]));
        failures = 0;
      } catch (error) {
        if (stop.signal.aborted) return;
        // Told to start over: there is nothing to wait for.
        if (dirty.has(keyText(key))) continue;
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
      current.get(id)?.abort();
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
