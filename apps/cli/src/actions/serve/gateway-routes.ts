import { type GatewayPlacement, type GatewayRoute, keyText } from '@mcp-runtime/api';
import { type Clock, type Logger } from '@mcp-runtime/base';
import { type Delivery, type GuardedSink, type TrackPods } from '@mcp-runtime/delivery';
import {
  type Endpoints,
  type Gateway,
  type PolicyHolder,
  type Sleeper,
  createEndpoints,
  createSleeper,
  holdPolicy,
} from '@mcp-runtime/gateway';
import { type Policy, compilePolicy } from '@mcp-runtime/policy';

interface RoutesOptions {
  readonly gateway: Pick<Gateway, 'routes'>;
  readonly placement: GatewayPlacement;
  /** Under which servers that name hosts are reached as well. */
  readonly ownHosts: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of each policy that comes into force. */
  readonly onPolicy: (policy: Policy) => void;
}

/** A gateway, as what is delivered to. */
export interface DeliveredRoutes extends GuardedSink {
  /** By `namespace/name`: why a server that was delivered is not served. */
  refused(): ReadonlyMap<string, string>;
}

interface Served {
  delivery: Delivery;
  policy: Policy;
  readonly holder: PolicyHolder;
  readonly endpoints: Endpoints;
  readonly sleeper: Sleeper;
}

export function deliveredRoutes({
  gateway,
  placement,
  ownHosts,
  clock,
  log,
  onPolicy,
}: RoutesOptions): DeliveredRoutes {
  const { routes } = gateway;
  const served = new Map<string, Served>();
  const refused = new Map<string, string>();
  /** What waits for its path. */
  const waiting = new Map<string, { readonly delivery: Delivery; readonly tracks: readonly TrackPods[] }>();
  let state: 'fresh' | 'stale' = 'fresh';

  function refuse(delivery: Delivery, tracks: readonly TrackPods[], why: string): void {
    const key = keyText(delivery.route.server);
    if (refused.get(key) !== why) log.error('a server is not served', { server: key, why });
    refused.set(key, why);
    waiting.set(key, { delivery, tracks });
  }

  function publish(delivery: Delivery, tracks: readonly TrackPods[]): void {
    const { route, document, publishedAt } = delivery;
    const key = keyText(route.server);
    const before = served.get(key);
    const why = refusalOf(route);
    if (why !== undefined) {
      if (before !== undefined) drop(before, key);
      return refuse(delivery, tracks, why);
    }
    refused.delete(key);
    waiting.delete(key);
    const one: Served = before ?? {
      delivery,
      policy: compilePolicy(document),
      holder: holdPolicy(clock),
      endpoints: createEndpoints(),
      sleeper: createSleeper(),
    };
    one.sleeper.know(delivery.definitions);
    const isChanged = one.policy.revision !== document.revision;
    if (isChanged) one.policy = compilePolicy(document);
    const { path } = one.delivery.route;
    one.delivery = delivery;
    one.endpoints.replace(tracks);
    if ((isChanged || before === undefined) && state === 'fresh') {
      one.holder.publish(one.policy, before === undefined ? undefined : publishedAt);
      onPolicy(one.policy);
    }
    served.set(key, one);
    if (path !== route.path) routes.remove(path);
    routes.set(routeOf(one, ownHosts));
    if (path !== route.path) retry();
  }

  /** The first one on a path keeps it, whatever comes later. */
  function refusalOf({ path, server, upstream }: GatewayRoute): string | undefined {
    const holder = routes.find(path)?.key;
    if (holder !== undefined && keyText(holder) !== keyText(server))
      return `path \`${path}\` is taken by \`${keyText(holder)}\``;
    if (upstream !== undefined && 'pod' in upstream && placement !== 'sidecar')
      return 'upstream.pod: only a gateway beside the server reaches it so';
    return undefined;
  }

  function drop(one: Served, key: string): void {
    served.delete(key);
    routes.remove(one.delivery.route.path);
    one.holder.withdraw();
  }

  function retry(): void {
    for (const { delivery, tracks } of waiting.values().toArray()) publish(delivery, tracks);
  }

  return {
    publish,
    pods: (server, tracks) => {
      served.get(keyText(server))?.endpoints.replace(tracks);
      const waits = waiting.get(keyText(server));
      if (waits !== undefined) waiting.set(keyText(server), { ...waits, tracks });
    },
    remove: (server) => {
      const key = keyText(server);
      const one = served.get(key);
      refused.delete(key);
      waiting.delete(key);
      if (one === undefined) return;
      drop(one, key);
      retry();
    },
    refused: () => refused,
    be: (next) => {
      if (next === state) return;
      state = next;
      for (const { holder, policy } of served.values()) {
        if (next === 'stale') holder.withdraw('policy_stale');
        else holder.publish(policy);
      }
    },
  };
}

type Routed = Parameters<Gateway['routes']['set']>[0];

function routeOf({ delivery, holder, endpoints, sleeper }: Served, ownHosts: readonly string[]): Routed {
  const { server, path, audit, event_source: eventSource, hosts } = delivery.route;
  return {
    path,
    key: server,
    ...upstreamOf(delivery.route, endpoints),
    ...(delivery.route.may_sleep === true ? { sleeper } : {}),
    policy: holder,
    audit,
    eventSource,
    ...(hosts === undefined || hosts.length === 0
      ? {}
      : { hosts: [...hosts.map((host) => host.toLowerCase()), ...ownHosts] }),
  };
}

function upstreamOf(
  { upstream, server }: GatewayRoute,
  endpoints: Endpoints,
): Pick<Routed, 'upstream' | 'upstreamFrom' | 'endpoints'> {
  if (upstream === undefined) return { upstream: undefined };
  if ('url' in upstream) return { upstream: new URL(upstream.url), upstreamFrom: 'owner' };
  if ('pod' in upstream && endpoints.tracks().length === 0)
    return { upstream: new URL(`http://127.0.0.1:${upstream.pod.port}${upstream.pod.path}`) };
  // Names the server in what callers hold; its pods are what is connected to.
  return { upstream: new URL(`http://${server.name}.${server.namespace}/`), endpoints };
}
