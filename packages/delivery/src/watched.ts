import { type AppError, keyText } from '@mcp-runtime/api';
import {
  type KubeObject,
  type ResourceClient,
  type ResourceType,
  type Selection,
  type StateChange,
  watchState,
} from '@mcp-runtime/kube';

interface WatchedOptions<T> {
  readonly client: ResourceClient;
  readonly type: ResourceType<T>;
  readonly selection: Selection;
  readonly signal: AbortSignal;
  readonly onChange: (change: StateChange<T>) => void;
  readonly onError: (error: AppError) => void;
  readonly onConnection: (state: 'live' | 'cut') => void;
}

export interface Watched {
  /** Resolves when everything that there is was reported for the first time. */
  readonly synced: Promise<void>;
  /**
   * Begins anew, over another connection: one that died without a word is noticed by its silence alone, which takes more than a
   * minute. `cut` until everything was read again; what is different by then is reported.
   */
  restart(): void;
}

/** Follows the objects of a kind for as long as the signal lets it. */
export function watchObjects<T extends KubeObject>(options: WatchedOptions<T>): Watched {
  const { client, type, selection, signal, onChange, onError, onConnection } = options;
  const held = new Map<string, T>();
  const synced = Promise.withResolvers<void>();
  let current = new AbortController();

  function take(change: StateChange<T>): void {
    const { object } = change;
    const key = keyText(object.metadata);
    const isKnown = held.get(key)?.metadata.resourceVersion === object.metadata.resourceVersion;
    if (change.type === 'deleted') held.delete(key);
    else if (isKnown) return;
    else held.set(key, object);
    onChange(change);
  }

  function begin(): void {
    const view = watchState(client, type, {
      ...selection,
      signal: AbortSignal.any([signal, current.signal]),
      onChange: take,
      onError,
      // Live only once what went meanwhile was reported, too.
      onConnection: (state) => {
        if (state === 'live') dropGone(view.all());
        onConnection(state);
      },
    });
    view.synced.then(synced.resolve, (error: unknown) => {
      if (signal.aborted) synced.reject(error);
    });
  }

  function dropGone(there: readonly T[]): void {
    const keys = new Set(there.map(({ metadata }) => keyText(metadata)));
    for (const [key, object] of held) if (!keys.has(key)) take({ type: 'deleted', object });
  }

  begin();
  return {
    synced: synced.promise,
    restart: () => {
      if (signal.aborted) return;
      current.abort();
      current = new AbortController();
      onConnection('cut');
      begin();
    },
  };
}
