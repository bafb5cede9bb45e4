import { type AppError } from '../../../packages/api/src/index.ts';
import {
  CONFIG_MAPS,
  type ConfigMap,
  type ResourceClient,
  type WatchOptions,
} from '../../../packages/kube/src/index.ts';

/** What a watch of config maps has reported. */
export interface Seen {
  readonly events: readonly string[];
  readonly connected: number;
  readonly interruptions: readonly string[];
  readonly errors: readonly string[];
  /** Resolves once `fact` holds; asked after whatever is reported. */
  until(fact: (seen: Seen) => boolean): Promise<void>;
}

type From = Pick<WatchOptions<ConfigMap>, 'resourceVersion' | 'signal' | 'namespace' | 'labels' | 'name'>;

export function watchConfigMaps(client: ResourceClient, from: From): Seen {
  const events: string[] = [];
  const interruptions: string[] = [];
  const errors: string[] = [];
  const waiting = new Set<() => void>();
  const tell = (): void => {
    for (const check of waiting) check();
  };
  const codeInto =
    (list: string[]) =>
    ({ code }: AppError): void => {
      list.push(code);
      tell();
    };
  const seen = {
    events,
    interruptions,
    errors,
    connected: 0,
    until: (fact: (seen: Seen) => boolean): Promise<void> =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!fact(seen)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
  client.watch(CONFIG_MAPS, {
    ...from,
    on: (event) => {
      if (event.type === 'bookmark') events.push('bookmark');
      else if (event.type !== 'refused') events.push(`${event.type} ${event.object.metadata.name}`);
      tell();
    },
    onConnected: () => {
      seen.connected += 1;
      tell();
    },
    onInterrupted: codeInto(interruptions),
    onError: codeInto(errors),
  });
  return seen;
}

export function aConfigMap(namespace: string, name: string, data: Record<string, string> = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data };
}
