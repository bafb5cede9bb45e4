import { isIP } from 'node:net';
import { type GatewayRoute, type RouteTrack } from '@mcp-runtime/api';
import { type EndpointSlice } from '@mcp-runtime/kube';

/** Label that says whose addresses an EndpointSlice holds (Kubernetes docs, "EndpointSlices"). */
export const SERVICE_LABEL = 'kubernetes.io/service-name';

/** The pods of one version of a server, by the URLs at which they answer. */
export interface TrackPods {
  readonly track: RouteTrack['track'];
  readonly weight: number;
  readonly ready: readonly URL[];
  /** They end soon, and still serve what they began. */
  readonly leaving: readonly URL[];
}

type SlicesOf = (service: string) => readonly EndpointSlice[];

/**
 * Pure: the pods of each track of a route. `slicesOf` gives the EndpointSlices of a Service of the server's namespace; `self`
 * is the address of the pod that a sidecar is in.
 */
export function tracksOf(route: GatewayRoute, slicesOf: SlicesOf, self?: string): readonly TrackPods[] {
  const { upstream } = route;
  if (upstream === undefined || 'url' in upstream) return [];
  if ('pod' in upstream) return self === undefined ? [] : besideOf(upstream.pod, route, slicesOf, self);
  return upstream.tracks.map(({ track, weight, ...at }) => ({ track, weight, ...podsOf(at, slicesOf(at.service)) }));
}

/** A sidecar begins what it begins in its own pod; in the others only what was begun there goes on. */
function besideOf(
  { port, path }: Pick<RouteTrack, 'port' | 'path'>,
  { peers = [] }: GatewayRoute,
  slicesOf: SlicesOf,
  self: string,
): readonly TrackPods[] {
  const own = urlOf({ addresses: [self] }, port, path);
  if (peers.length === 0 || own === undefined) return [];
  const others = new Map<string, URL>();
  for (const instance of peers.flatMap(slicesOf).flatMap(({ endpoints }) => endpoints ?? [])) {
    // The Service leads to the gateways of these pods: their servers are behind it.
    const url = isReady(instance) || isLeaving(instance) ? urlOf(instance, port, path) : undefined;
    if (url !== undefined && url.href !== own.href) others.set(url.href, url);
  }
  return [{ track: 'stable', weight: 100, ready: [own], leaving: sorted(others) }];
}

type Instance = NonNullable<EndpointSlice['endpoints']>[number];

function podsOf(
  at: Pick<RouteTrack, 'port' | 'path'>,
  slices: readonly EndpointSlice[],
): Pick<TrackPods, 'ready' | 'leaving'> {
  const ready = new Map<string, URL>();
  const leaving = new Map<string, URL>();
  for (const slice of slices) {
    for (const instance of slice.endpoints ?? []) {
      const kind = isReady(instance) ? ready : isLeaving(instance) ? leaving : undefined;
      const url = urlOf(instance, portOf(slice, at.port), at.path);
      if (kind !== undefined && url !== undefined) kind.set(url.href, url);
    }
  }
  return { ready: sorted(ready), leaving: sorted(leaving) };
}

/** The order of slices and their endpoints means nothing. */
function sorted(urls: ReadonlyMap<string, URL>): readonly URL[] {
  return [...urls.values()].toSorted((a, b) => (a.href < b.href ? -1 : 1));
}

/** Unknown counts as ready (EndpointConditions). */
function isReady({ conditions }: Instance): boolean {
  return conditions?.ready !== false;
}

function isLeaving({ conditions }: Instance): boolean {
  return conditions?.terminating === true && conditions.serving === true;
}

/** The slice knows which port of the pods a Service leads to, also where that is a name. */
function portOf({ ports = [] }: EndpointSlice, declared: number): number {
  const [only] = ports;
  const isNamed = ports.length !== 1 || ports.some(({ port }) => port === declared);
  return isNamed ? declared : (only?.port ?? declared);
}

/** Every address of an endpoint is the same pod: the first one is used. A name is none: what it means could change. */
function urlOf({ addresses: [address] }: Instance, port: number, path: string): URL | undefined {
  if (address === undefined || isIP(address) === 0) return undefined;
  return URL.parse(`http://${address.includes(':') ? `[${address}]` : address}:${port}${path}`) ?? undefined;
}
