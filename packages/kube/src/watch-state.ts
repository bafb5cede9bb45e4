import { setTimeout as delay } from 'node:timers/promises';
import { AppError, type ObjectKey, asAppError, keyText } from '@mcp-runtime/api';
import { type BackoffPolicy, backoffMs } from '@mcp-runtime/base';
import {
  type KubeObject,
  type Refused,
  type ResourceClient,
  type ResourceType,
  type Selection,
  type WatchEvent,
} from './port.ts';

export interface StateChange<T> {
  readonly type: 'added' | 'modified' | 'deleted';
  /** For `deleted`, the last state that was seen. */
  readonly object: T;
}

export interface WatchStateOptions<T> extends Selection {
  /** Ends it; nothing is reported after that. */
  readonly signal: AbortSignal;
  /** Called after the view has changed. */
  onChange(change: StateChange<T>): void;
  /** Called once, after the first list was reported as changes. */
  onSynced?(): void;
  /** A failure that is being recovered from, one of `onChange`, or an object that its type refuses. */
  onError?(error: AppError): void;
  /** Whether the view follows the store; `cut` until the first list, and while what is seen may be old. */
  onConnection?(state: 'live' | 'cut'): void;
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
  const { signal } = options;
  const selection = selectionOf(options);
  const objects = new Map<string, T>();
  const synced = Promise.withResolvers<void>();
  let hasSynced = false;
  let failures = 0;
  let connection: 'live' | 'cut' = 'cut';

  const connectionIs = (next: 'live' | 'cut'): void => {
    if (next === connection || signal.aborted) return;
    connection = next;
    options.onConnection?.(next);
  };
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
  const remove = (key: ObjectKey, last?: T): void => {
    const object = objects.get(keyText(key));
    if (object !== undefined) change({ type: 'deleted', object: last ?? object });
  };
  const refuse = ({ key, error }: Refused): void => {
    remove(key);
    reportError(
      new AppError(error.code, `${type.kind} \`${keyText(key)}\` is left out: ${error.message}`, { cause: error }),
    );
  };
  const put = (object: T): void => {
    const before = objects.get(keyText(object.metadata));
    if (before?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    change({ type: before === undefined ? 'added' : 'modified', object });
  };

  const list = async (): Promise<string> => {
    const { items, resourceVersion, refused = [] } = await client.list(type, selection);
    if (signal.aborted) return resourceVersion;
    const listed = new Set(items.map((object) => keyText(object.metadata)));
    const gone = [...objects.values()].filter((object) => !listed.has(keyText(object.metadata)));
    for (const object of gone) change({ type: 'deleted', object });
    for (const object of items) put(object);
    for (const one of refused) refuse(one);
    connectionIs('live');
    if (!hasSynced) {
      hasSynced = true;
      synced.resolve();
      options.onSynced?.();
    }
    return resourceVersion;
  };

  const onEvent = (event: WatchEvent<T>): void => {
    failures = 0;
    if (event.type === 'deleted') remove(event.object.metadata, event.object);
    else if (event.type === 'refused') refuse(event);
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
      client.watch(type, {
        ...selection,
        resourceVersion,
        signal,
        on: onEvent,
        onConnected: () => connectionIs('live'),
        onInterrupted: (error) => {
          connectionIs('cut');
          reportError(error);
        },
        onError,
      });
    });

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await watchFrom(await list());
      } catch (error) {
        if (signal.aborted) break;
        connectionIs('cut');
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

function selectionOf({ namespace, name, labels }: Selection): Selection {
  return {
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name }),
    ...(labels !== undefined && { labels }),
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
