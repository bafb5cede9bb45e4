import { setTimeout as delay } from 'node:timers/promises';
import { type GatewayActivity } from '@mcp-runtime/api';
import { type BackoffPolicy, type Clock, type Running, backoffMs, closeOnce } from '@mcp-runtime/base';
import { type GatewayReplica } from '../engine/gateway-replicas.ts';
import { type Report } from './idleness.ts';

/**
 * What a gateway tells of servers that may sleep: at once when its sequence is another than `seen`, else when that changes,
 * or after a while. Rejects when it does not tell.
 */
export type ReadActivity = (
  replica: GatewayReplica,
  seen: number | undefined,
  signal: AbortSignal,
) => Promise<GatewayActivity>;

/** Listens at gateways, so that the operator hears of a call that waits as soon as it does. */
export interface FollowedActivity extends Running {
  /** At these from now on, and at no others. */
  at(replicas: readonly GatewayReplica[]): void;
  /** By address; of those alone that tell. */
  reports(): ReadonlyMap<string, Report>;
  /** Asks all of them at once. */
  refresh(): void;
}

interface FollowOptions {
  readonly read: ReadActivity;
  readonly clock: Clock;
  readonly onReport: () => void;
}

const SILENT: BackoffPolicy = { initialMs: 500, factor: 2, maxMs: 15_000 };
/** Between two questions, whatever a gateway answers. */
const PAUSE_MS = 50;

export function followActivity({ read, clock, onReport }: FollowOptions): FollowedActivity {
  const reports = new Map<string, Report>();
  const following = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>();
  let refreshing = new AbortController();

  /** Returns what it told, or undefined when it did not. */
  async function ask(
    replica: GatewayReplica,
    seen: number | undefined,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { signal: refresh } = refreshing;
    try {
      const { sequence, servers } = await read(replica, seen, AbortSignal.any([signal, refresh]));
      if (signal.aborted) return undefined;
      reports.set(replica.address, { at: clock(), servers: new Map(servers.map((one) => [one.server, one])) });
      onReport();
      return sequence;
    } catch {
      if (signal.aborted) return undefined;
      if (refresh.aborted) return await ask(replica, undefined, signal);
      if (reports.delete(replica.address)) onReport();
      return undefined;
    }
  }

  async function follow(replica: GatewayReplica, signal: AbortSignal): Promise<void> {
    let seen: number | undefined;
    let failures = 0;
    while (!signal.aborted) {
      seen = await ask(replica, seen, signal);
      failures = seen === undefined ? failures + 1 : 0;
      const ms = failures === 0 ? PAUSE_MS : backoffMs(SILENT, failures - 1);
      await delay(ms, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  function end(address: string): Promise<void> {
    const one = following.get(address);
    one?.stop.abort();
    following.delete(address);
    reports.delete(address);
    return one?.ended ?? Promise.resolve();
  }

  return {
    at: (replicas) => {
      const wanted = new Set(replicas.map(({ address }) => address));
      for (const address of following.keys()) if (!wanted.has(address)) void end(address);
      for (const replica of replicas) {
        if (following.has(replica.address)) continue;
        const stop = new AbortController();
        following.set(replica.address, { stop, ended: follow(replica, stop.signal) });
      }
    },
    reports: () => reports,
    refresh: () => {
      const before = refreshing;
      refreshing = new AbortController();
      before.abort();
    },
    ...closeOnce(async () => {
      await Promise.all([...following.keys()].map(end));
    }),
  };
}
