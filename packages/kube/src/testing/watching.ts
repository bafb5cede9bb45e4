import { type AppError } from '@mcp-runtime/api';
import { type ResourceClient, type Selection } from '../port.ts';
import { type Widget, WIDGETS } from './widget.ts';

/** What a watch has reported so far; bookmarks left out. */
export interface Seen {
  /** `added a`, `modified a`, … */
  readonly events: readonly string[];
  readonly objects: readonly Widget[];
  readonly errors: readonly AppError[];
  /** Resolves once `event` was reported. */
  until(event: string): Promise<void>;
}

export function watchWidgets(
  client: ResourceClient,
  from: Selection & { readonly resourceVersion: string; readonly signal: AbortSignal },
): Seen {
  const events: string[] = [];
  const objects: Widget[] = [];
  const errors: AppError[] = [];
  const waiting = new Map<string, () => void>();
  client.watch(WIDGETS, {
    ...from,
    on: (event) => {
      if (event.type === 'bookmark' || event.type === 'refused') return;
      const text = `${event.type} ${event.object.metadata.name}`;
      events.push(text);
      objects.push(event.object);
      waiting.get(text)?.();
    },
    onError: (error) => errors.push(error),
  });
  const until = (event: string): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (events.includes(event)) resolve();
    else waiting.set(event, resolve);
    return promise;
  };
  return { events, objects, errors, until };
}
