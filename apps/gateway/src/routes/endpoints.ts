/** Where one instance of a server answers. */
export interface Endpoint {
  /** `host:port`; what session ids and task ids name it by. */
  readonly name: string;
  readonly url: URL;
  readonly track: Track;
  /** Exchanges in progress. */
  inFlight: number;
  /** Until when it is passed over, because it could not be connected to; `performance.now()`. */
  avoidedUntil: number;
}

/** One version of a server: what went to it, since the start. */
export interface Track {
  readonly name: string;
  requests: number;
  /** Of those: the ones that found no answer, or one with a status of 500 or more. */
  errors: number;
  /** Of the others: the ones whose answer is an error of MCP, of the protocol or of a tool. */
  failures: number;
}

/** What is known of a version of a server now. */
export interface TrackState {
  readonly track: string;
  /** Share of new sessions and of calls without one, relative to the other tracks. */
  readonly weight: number;
  /** For whatever comes. */
  readonly ready: readonly URL[];
  /** About to end: only what belongs to them still goes there. */
  readonly leaving: readonly URL[];
}

/** The instances of one server. */
export interface Endpoints {
  /** For what belongs to no endpoint yet. Undefined while none is ready. */
  pick(except?: Endpoint): Endpoint | undefined;
  /** Of this track alone, whatever its share. */
  pickOn(track: string, except?: Endpoint): Endpoint | undefined;
  /** That which a session or task names; undefined once it is gone. */
  find(name: string): Endpoint | undefined;
  /** It could not be connected to: others are preferred for a while. */
  avoid(endpoint: Endpoint): void;
  /** Takes the place of what was known before; what is still there keeps its counts. */
  replace(states: readonly TrackState[]): void;
  /** Calls `listener` after each `replace`. Returns how to stop. */
  subscribe(listener: () => void): () => void;
  tracks(): readonly (Track & { readonly weight: number; readonly ready: number })[];
}

const AVOIDED_MS = 5000;

interface Share {
  readonly track: Track;
  readonly weight: number;
  readonly ready: readonly Endpoint[];
  /** What this track is owed. */
  credit: number;
}

/**
 * Tracks take turns by their weights; within one, the endpoint with the fewest exchanges in progress. `clock` is monotonic,
 * milliseconds.
 */
export function createEndpoints(clock: () => number = () => performance.now()): Endpoints {
  const tracks = new Map<string, Track>();
  const listeners = new Set<() => void>();
  let byName = new Map<string, Endpoint>();
  let shares: readonly Share[] = [];
  let turn = 0;

  function trackOf(name: string): Track {
    const track = tracks.get(name) ?? { name, requests: 0, errors: 0, failures: 0 };
    tracks.set(name, track);
    return track;
  }

  function leastBusy(ready: readonly Endpoint[], except: Endpoint | undefined): Endpoint | undefined {
    const [only] = ready;
    if (ready.length === 1) return only === except ? undefined : only;
    const now = clock();
    turn = (turn + 1) % Math.max(1, ready.length);
    let best: Endpoint | undefined;
    for (let step = 0; step < ready.length; step += 1) {
      const one = ready[(turn + step) % ready.length];
      if (one === undefined || one === except) continue;
      if (best === undefined || isBetter(one, best, now)) best = one;
    }
    return best;
  }

  return {
    pick: (except) => {
      const [only] = shares;
      if (shares.length === 1 && only !== undefined) return leastBusy(only.ready, except);
      for (const { ready } of inTurn(shares)) {
        const found = leastBusy(ready, except);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    pickOn: (name, except) => leastBusy(shares.find(({ track }) => track.name === name)?.ready ?? [], except),
    find: (name) => byName.get(name),
    avoid: (endpoint) => {
      endpoint.avoidedUntil = clock() + AVOIDED_MS;
    },
    replace: (states) => {
      const before = byName;
      byName = new Map();
      const endpointAt = (url: URL, track: Track): Endpoint => {
        const known = before.get(url.host);
        const isSame = known?.url.href === url.href && known.track === track;
        const endpoint = isSame ? known : { name: url.host, url, track, inFlight: 0, avoidedUntil: 0 };
        byName.set(endpoint.name, endpoint);
        return endpoint;
      };
      shares = states.map(({ track: name, weight, ready, leaving }) => {
        const track = trackOf(name);
        for (const url of leaving) endpointAt(url, track);
        return { track, weight, ready: ready.map((url) => endpointAt(url, track)), credit: 0 };
      });
      for (const name of tracks.keys()) if (!shares.some(({ track }) => track.name === name)) tracks.delete(name);
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    tracks: () => shares.map(({ track, weight, ready }) => ({ ...track, weight, ready: ready.length })),
  };
}

function isBetter(one: Endpoint, best: Endpoint, now: number): boolean {
  const isAvoided = one.avoidedUntil > now;
  return isAvoided === best.avoidedUntil > now ? one.inFlight < best.inFlight : !isAvoided;
}

/** The track whose turn it is, then the others that take a share: each is owed its weight at every turn, and pays the sum. */
function inTurn(shares: readonly Share[]): readonly Share[] {
  const willing = shares.filter(({ weight, ready }) => weight > 0 && ready.length > 0);
  const sum = willing.reduce((total, { weight }) => total + weight, 0);
  for (const share of willing) share.credit += share.weight;
  const order = willing.toSorted((a, b) => b.credit - a.credit);
  const [first] = order;
  if (first !== undefined) first.credit -= sum;
  return order;
}

/** An id of a server with several endpoints, and which of them knows it. */
export interface PlacedId {
  readonly id: string;
  readonly endpoint: string | undefined;
}

/** What is sealed for a caller to hold. A server with one endpoint is named by where the seal opens. */
export function placedText(endpoint: Endpoint | undefined, id: string): string {
  return endpoint === undefined ? id : `${endpoint.name} ${id}`;
}

/** Names of endpoints hold no space. */
export function readPlaced(text: string, hasEndpoints: Endpoints | undefined): PlacedId {
  if (hasEndpoints === undefined) return { id: text, endpoint: undefined };
  const space = text.indexOf(' ');
  return { id: text.slice(space + 1), endpoint: text.slice(0, Math.max(space, 0)) };
}
