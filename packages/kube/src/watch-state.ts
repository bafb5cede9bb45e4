import { setTimeout as delay } from 'node:timers/promises';
import { AppError, type ObjectKey, asAppError, keyText } from '@mcp-runtime/api';
import { type BackoffPolicy, backoffMs } from '@mcp-runtime/base';
import { type KubeObject, type ResourceClient, type ResourceType, type WatchEvent } from './port.ts';

export interface StateChange<T> {
  readonly type: 'added' | 'modified' | 'deleted';
  /** For `deleted`, the last state that was seen. */
  readonly object: T;
}

export interface WatchStateOptions<T> {
  readonly namespace?: string;
  /** Ends it; nothing is reported after that. */
  readonly signal: AbortSignal;
  /** Called after the view has changed. */
  onChange(change: StateChange<T>): void;
  /** Called once, after the first list was reported as changes. */
  onSynced?(): void;
  /** A failure that is being recovered from, or one of `onChange`. */
  onError?(error: AppError): void;
}

/** The objects as they were last seen. */
export interface StateView<T> {
  get(key: ObjectKey): T | undefined;
  all(): readonly T[];
  /** Resolves after the first list; rejects with `canceled` when the signal comes before it. */
  readonly synced: Promise<void>;
}

const RELIST_BACKOFF: BackoffPolicy = { initialMs: 100, factor: 2, maxMs: 5_000 };

/** Lists, then watches, and starts over when the watch ends; what was missed is reported as changes. */
export function watchState<T extends KubeObject>(
  client: ResourceClient,
  type: ResourceType<T>,
  options: WatchStateOptions<T>,
): StateView<T> {
  const { signal, namespace } = options;
  const scope = namespace === undefined ? {} : { namespace };
  const objects = new Map<string, T>();
  const synced = Promise.withResolvers<void>();
  let hasSynced = false;
  let failures = 0;

  const reportError = (error: unknown): void => options.onError?.(asAppError(error));
  const change = (next: StateChange<T>): void => {
    const key = keyText(next.object.metadata);
    if (next.type === 'deleted') objects.delete(key);
    else objects.set(key, next.object);
    try {
      options.onChange(next);
    } catch (error) {
      reportError(error);
    }
  };
  const put = (object: T): void => {
    const before = objects.get(keyText(object.metadata));
    if (before?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    change({ type: before === undefined ? 'added' : 'modified', object });
  };

  const list = async (): Promise<string> => {
    const { items, resourceVersion } = await client.list(type, scope);
    if (signal.aborted) return resourceVersion;
    const listed = new Set(items.map((object) => keyText(object.metadata)));
    const gone = [...objects.values()].filter((object) => !listed.has(keyText(object.metadata)));
    for (const object of gone) change({ type: 'deleted', object });
    for (const object of items) put(object);
    if (!hasSynced) {
      hasSynced = true;
      synced.resolve();
      options.onSynced?.();
    }
    return resourceVersion;
  };

  const onEvent = (event: WatchEvent<T>): void => {
    failures = 0;
    if (event.type === 'deleted') change({ type: 'deleted', object: event.object });
    else if (event.type !== 'bookmark') put(event.object);
  };
  /** Resolves when the signal comes, rejects when the watch ends for another reason. */
  const watchFrom = (resourceVersion: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const stop = (): void => resolve();
      signal.addEventListener('abort', stop, { once: true });
      const onError = (error: AppError): void => {
        signal.removeEventListener('abort', stop);
        reject(error);
      };
      client.watch(type, { ...scope, resourceVersion, signal, on: onEvent, onError });
    });

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await watchFrom(await list());
      } catch (error) {
        if (signal.aborted) break;
        const isFirstExpiry = asAppError(error).code === 'resource_version_expired' && failures === 0;
        if (!isFirstExpiry) reportError(error);
        if (!isFirstExpiry) await pause(backoffMs(RELIST_BACKOFF, failures), signal);
        failures += 1;
      }
    }
    synced.reject(new AppError('canceled', `watching ${type.plural} ended before the first list`));
  };

  synced.promise.catch(() => {});
  void run();
  return {
    get: (key) => objects.get(keyText(key)),
    all: () => [...objects.values()],
    synced: synced.promise,
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
