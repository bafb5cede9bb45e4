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

/** Pure: the pods of each track of a route. `slicesOf` gives the EndpointSlices of a Service of the server's namespace. */
export function tracksOf(
  { upstream }: GatewayRoute,
  slicesOf: (service: string) => readonly EndpointSlice[],
): readonly TrackPods[] {
  if (upstream === undefined || !('tracks' in upstream)) return [];
  return upstream.tracks.map(({ track, weight, ...at }) => ({ track, weight, ...podsOf(at, slicesOf(at.service)) }));
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
