import { setTimeout as delay } from 'node:timers/promises';
import { type ObjectKey, keyText } from '@mcp-runtime/api';
import { type BackoffPolicy, type Clock, type Running, backoffMs, closeOnce } from '@mcp-runtime/base';
import { type GatewayReplica } from './gateway-replicas.ts';

/** The revision that a replica serves for each server, by `namespace/name`. Rejects when the replica does not tell. */
export type ReadRevisions = (replica: GatewayReplica, signal: AbortSignal) => Promise<ReadonlyMap<string, string>>;

/** Which replica serves which revision of one server; undefined where it serves none, or does not tell. */
export interface Served {
  readonly pod: string;
  readonly revision: string | undefined;
}

/** `unasked`: nothing is known yet. `settling`: it was published a moment ago. */
export interface ServedNow {
  readonly state: 'unasked' | 'settling' | 'settled';
  readonly replicas: readonly Served[];
}

/** Asks gateways which revisions they serve: often while one of them has to come to a new one, seldom otherwise. */
export interface Revisions extends Running {
  /** Every replica is to serve this revision, which was decided at `since` (milliseconds since the epoch). */
  expect(server: ObjectKey, revision: string, since: number): void;
  forget(server: ObjectKey): void;
  served(server: ObjectKey): ServedNow;
  /** The replicas may be others now. */
  look(): void;
}

interface RevisionsOptions {
  /** The gateways of a server. */
  readonly replicasOf: (server: ObjectKey) => readonly GatewayReplica[];
  readonly read: ReadRevisions;
  readonly clock: Clock;
  /** What is served of a server has changed. */
  readonly onServed: (server: ObjectKey) => void;
  /** All replicas serve what was expected, so long after it was decided. */
  readonly onPropagated: (server: ObjectKey, afterMs: number) => void;
}

interface Expected {
  readonly server: ObjectKey;
  readonly revision: string;
  readonly since: number;
  /** What was last told of it, to tell only changes. */
  told: string;
  isPending: boolean;
}

/** Between looks while something is awaited; then the last of these. */
const AWAITING: BackoffPolicy = { initialMs: 20, factor: 1.6, maxMs: 5_000 };
const SELDOM_MS = 60_000;
/** So long it is no fault that a gateway does not serve the newest revision. */
const SETTLING_MS = 10_000;
const READ_TIMEOUT_MS = 5_000;

export function followRevisions({ replicasOf, read, clock, onServed, onPropagated }: RevisionsOptions): Revisions {
  const stop = new AbortController();
  const expected = new Map<string, Expected>();
  /** What each address told last; nothing of those that did not. */
  const told = new Map<string, ReadonlyMap<string, string>>();
  const asked = new Set<string>();
  let looks = 0;
  let wake = new AbortController();

  const servedBy = (server: ObjectKey): readonly Served[] =>
    replicasOf(server).map(({ pod, address }) => ({ pod, revision: told.get(address)?.get(keyText(server)) }));

  function stateOf(server: ObjectKey): ServedNow['state'] {
    const one = expected.get(keyText(server));
    if (one === undefined || replicasOf(server).some(({ address }) => !asked.has(address))) return 'unasked';
    return one.isPending && clock() - one.since < SETTLING_MS ? 'settling' : 'settled';
  }

  async function ask(replica: GatewayReplica): Promise<void> {
    try {
      told.set(
        replica.address,
        await read(replica, AbortSignal.any([stop.signal, AbortSignal.timeout(READ_TIMEOUT_MS)])),
      );
    } catch {
      told.delete(replica.address);
    }
    asked.add(replica.address);
  }

  function forgetAddress(address: string): void {
    told.delete(address);
    asked.delete(address);
  }

  function settle(one: Expected): void {
    const now = servedBy(one.server);
    if (one.isPending && now.length > 0 && now.every(({ revision }) => revision === one.revision)) {
      one.isPending = false;
      onPropagated(one.server, clock() - one.since);
    }
    const text = JSON.stringify([now, stateOf(one.server)]);
    if (text === one.told) return;
    one.told = text;
    onServed(one.server);
  }

  async function lookOnce(): Promise<void> {
    const all = [...expected.values()].flatMap(({ server }) => replicasOf(server));
    const replicas = new Map(all.map((replica) => [replica.address, replica]));
    for (const address of asked) if (!replicas.has(address)) forgetAddress(address);
    await Promise.all([...replicas.values()].map(ask));
    for (const one of expected.values()) settle(one);
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      wake = new AbortController();
      if (expected.size > 0) await lookOnce();
      const isAwaiting = [...expected.values()].some(
        ({ isPending, server }) => isPending && replicasOf(server).length > 0,
      );
      const ms = isAwaiting ? backoffMs(AWAITING, looks) : SELDOM_MS;
      looks += 1;
      if (wake.signal.aborted) continue;
      await delay(ms, undefined, { signal: AbortSignal.any([stop.signal, wake.signal]), ref: false }).catch(() => {});
    }
  }

  const look = (): void => {
    looks = 0;
    wake.abort();
  };
  const running = run();
  return {
    expect: (server, revision, since) => {
      const before = expected.get(keyText(server));
      if (before?.revision === revision) return;
      expected.set(keyText(server), { server, revision, since, told: before?.told ?? '', isPending: true });
      look();
    },
    forget: (server) => void expected.delete(keyText(server)),
    served: (server) => ({ state: stateOf(server), replicas: servedBy(server) }),
    look,
    ...closeOnce(async () => {
      stop.abort();
      await running;
    }),
  };
}
