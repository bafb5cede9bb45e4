import { LABELS, MANAGED_BY, type ObjectKey, PARTS, asAppError, keyText } from '@mcp-runtime/api';
import { type Clock, type Logger } from '@mcp-runtime/base';
import {
  CONFIG_MAPS,
  type ConfigMap,
  ENDPOINT_SLICES,
  type EndpointSlice,
  type ResourceClient,
  type Selection,
  type StateChange,
} from '@mcp-runtime/kube';
import { createContact } from './contact.ts';
import { type Delivery, type DeliveryFault, decodeDelivery, partsOf } from './decode.ts';
import { policyName, policyPartOf } from './layout.ts';
import { SERVICE_LABEL, type TrackPods, tracksOf } from './tracks.ts';
import { type Watched, watchObjects } from './watched.ts';

/** Which servers a gateway serves: those of shared gateways, or the one that it stands beside. */
export type DeliveryScope =
  | { readonly placement: 'shared'; readonly namespace?: string }
  | {
      readonly placement: 'sidecar';
      readonly server: ObjectKey;
      /** Of the pod that it is in; without it sessions of other pods are unknown to it. */
      readonly address?: string | undefined;
    };

/** A gateway, as what is delivered to. Each call takes effect before it returns. */
export interface DeliverySink {
  /** A server has a new policy or route, and these pods. */
  publish(delivery: Delivery, tracks: readonly TrackPods[]): void;
  /** The pods of a server changed. */
  pods(server: ObjectKey, tracks: readonly TrackPods[]): void;
  /** A server is not governed here any more. */
  remove(server: ObjectKey): void;
}

export interface FollowOptions {
  readonly client: ResourceClient;
  /**
   * Over which the API is asked whether it is there; `client` unless given. One with a short timeout and connections of its own
   * notices sooner when those of `client` are dead.
   */
  readonly pulse?: ResourceClient;
  readonly scope: DeliveryScope;
  readonly sink: DeliverySink;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends it; nothing is delivered after that. */
  readonly signal: AbortSignal;
  /** How often the API is asked whether it is there, milliseconds. */
  readonly heartbeatMs?: number;
}

export interface FollowStatus {
  /** Whether changes come as they happen. */
  readonly connected: boolean;
  /** Milliseconds since the epoch: when it was last known that nothing had been missed. */
  readonly lastContactAt: number | undefined;
  /** By `namespace/name`: why the newest policy of a server is not in force. */
  readonly faults: ReadonlyMap<string, DeliveryFault>;
}

export interface Following {
  /** Resolves once everything that there is has been delivered. */
  readonly synced: Promise<void>;
  status(): FollowStatus;
}

/** Follows the policies, routes and pods of servers, and hands them to a gateway. Whatever is at fault changes nothing. */
export function followDeliveries(options: FollowOptions): Following {
  const { client, scope, sink, clock, log, signal } = options;
  const configMaps = new Map<string, Map<string, ConfigMap>>();
  const slices = new Map<string, Map<string, EndpointSlice>>();
  const inForce = new Map<string, Delivery>();
  const faults = new Map<string, DeliveryFault>();
  let fetching = Promise.resolve();
  const contact = createContact({
    client: options.pulse ?? client,
    scope,
    clock,
    signal,
    heartbeatMs: options.heartbeatMs,
    onSilence: () => {
      for (const one of watched) one.restart();
    },
  });

  const onError = (error: unknown): void => {
    const { code, message } = asAppError(error);
    log.warn('policies cannot be followed for now', { error: message, code });
  };

  const podsOf = ({ route }: Delivery): readonly TrackPods[] =>
    tracksOf(
      route,
      (service) => [...(slices.get(`${route.server.namespace}/${service}`)?.values() ?? [])],
      scope.placement === 'sidecar' ? scope.address : undefined,
    );

  function deliver(server: ObjectKey): void {
    const key = keyText(server);
    const mine = [...(configMaps.get(key)?.values() ?? [])];
    if (!mine.some(({ metadata }) => metadata.name === policyName(server.name))) return remove(server);
    const decoded = decodeDelivery(server, mine);
    if (!decoded.ok) {
      faults.set(key, decoded.fault);
      if (decoded.fault.reason === 'invalid')
        log.error('a policy cannot be taken; the one before it stays', { server: key, fault: decoded.fault.message });
      return;
    }
    faults.delete(key);
    const { ok: _, ...delivery } = decoded;
    inForce.set(key, delivery);
    sink.publish(delivery, podsOf(delivery));
  }

  function remove(server: ObjectKey): void {
    faults.delete(keyText(server));
    if (inForce.delete(keyText(server))) sink.remove(server);
  }

  function onConfigMap({ type, object }: StateChange<ConfigMap>): void {
    contact.heard();
    const part = policyPartOf(object.metadata);
    if (part === undefined || !isInScope(part.server, scope)) return;
    put(configMaps, keyText(part.server), object, type);
    if (scope.placement === 'shared') return deliver(part.server);
    // One after the other, so that parts which were fetched late never take the place of newer ones.
    fetching = fetching.then(() => fetchParts(part.server)).catch(onError);
  }

  /** A sidecar may watch one object by its name: the others are fetched when that one says that there are some. */
  async function fetchParts(server: ObjectKey): Promise<void> {
    const head = configMaps.get(keyText(server))?.get(policyName(server.name));
    const others = Array.from({ length: head === undefined ? 0 : partsOf(head) - 1 }, (_, index) => index + 2);
    for (const part of others) {
      const one = await client.get(CONFIG_MAPS, {
        namespace: server.namespace,
        name: policyName(server.name, part),
      });
      if (one !== undefined) put(configMaps, keyText(server), one, 'modified');
    }
    deliver(server);
  }

  function onSlice({ type, object }: StateChange<EndpointSlice>): void {
    contact.heard();
    const service = object.metadata.labels?.[SERVICE_LABEL];
    if (service === undefined) return;
    const { namespace } = object.metadata;
    put(slices, `${namespace}/${service}`, object, type);
    for (const delivery of inForce.values()) {
      const { server } = delivery.route;
      if (server.namespace === namespace && servicesOf(delivery).includes(service)) sink.pods(server, podsOf(delivery));
    }
  }

  const watching = { client, signal, onError };
  const watched: Watched[] = [];
  const onPolicies = contact.follow();

  async function followPods(
    namespace: string | undefined,
    onConnection: (state: 'live' | 'cut') => void,
  ): Promise<void> {
    const pods = watchObjects({
      ...watching,
      type: ENDPOINT_SLICES,
      selection: {
        ...(namespace === undefined ? {} : { namespace }),
        labels: { [LABELS.managedBy]: MANAGED_BY },
      },
      onChange: onSlice,
      onConnection,
    });
    watched.push(pods);
    await pods.synced;
  }

  /** Pods before the policies, so that a server is never delivered as if it had none. */
  async function followShared(namespace: string | undefined): Promise<void> {
    await followPods(namespace, contact.follow());
    await followPolicies();
  }

  /** A sidecar serves its own pod, whatever it knows of others. */
  async function followBeside({ namespace }: ObjectKey): Promise<void> {
    const others = scope.placement === 'sidecar' && scope.address !== undefined;
    if (others) followPods(namespace, () => {}).catch(() => {});
    await followPolicies();
  }

  async function followPolicies(): Promise<void> {
    const policies = watchObjects({
      ...watching,
      type: CONFIG_MAPS,
      selection: policySelection(scope),
      onChange: onConfigMap,
      onConnection: onPolicies,
    });
    watched.push(policies);
    await policies.synced;
    await fetching;
    contact.heard();
  }

  return {
    synced: scope.placement === 'shared' ? followShared(scope.namespace) : followBeside(scope.server),
    status: () => ({ ...contact.status(), faults }),
  };
}

/** The Services whose pods a delivery is served by. */
function servicesOf({ route: { upstream, peers = [] } }: Delivery): readonly string[] {
  return upstream !== undefined && 'tracks' in upstream ? upstream.tracks.map(({ service }) => service) : peers;
}

function policySelection(scope: DeliveryScope): Selection {
  if (scope.placement === 'sidecar') return { namespace: scope.server.namespace, name: policyName(scope.server.name) };
  return {
    ...(scope.namespace === undefined ? {} : { namespace: scope.namespace }),
    labels: { [LABELS.part]: PARTS.policy, [LABELS.gateway]: 'shared' },
  };
}

function isInScope(server: ObjectKey, scope: DeliveryScope): boolean {
  return scope.placement === 'shared' || keyText(server) === keyText(scope.server);
}

function put<T extends { readonly metadata: { readonly name: string } }>(
  groups: Map<string, Map<string, T>>,
  key: string,
  object: T,
  change: StateChange<T>['type'],
): void {
  const group = groups.get(key) ?? new Map<string, T>();
  if (change === 'deleted') group.delete(object.metadata.name);
  else group.set(object.metadata.name, object);
  if (group.size === 0) groups.delete(key);
  else groups.set(key, group);
}
