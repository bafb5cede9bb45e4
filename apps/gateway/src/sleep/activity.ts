import { setTimeout as delay } from 'node:timers/promises';
import { type GatewayActivity, keyText } from '@mcp-runtime/api';
import { type RouteTable } from '../routes/route.ts';
import { type Sleeper } from './sleeper.ts';

/** What this gateway tells of the servers that may sleep. */
export interface Activity {
  /** From now on the server of a route is watched for calls that wait. Idempotent. */
  follow(sleeper: Sleeper): void;
  /**
   * At once when the sequence is another than `seen`, else when it changes or after `waitMs`. Whoever asks again with what
   * was told last misses nothing.
   */
  report(seen: number | undefined, waitMs: number, signal: AbortSignal): Promise<GatewayActivity>;
}

export function createActivity(routes: Pick<RouteTable, 'all'>): Activity {
  const followed = new WeakSet<Sleeper>();
  const waiters = new Set<AbortController>();
  let sequence = 0;

  function onWanted(): void {
    sequence += 1;
    for (const waiter of waiters) waiter.abort();
  }

  return {
    follow: (sleeper) => {
      if (followed.has(sleeper)) return;
      followed.add(sleeper);
      sleeper.onWanted(onWanted);
    },
    report: async (seen, waitMs, signal) => {
      if (seen === sequence && waitMs > 0) {
        const waiter = new AbortController();
        waiters.add(waiter);
        const either = AbortSignal.any([signal, waiter.signal]);
        await delay(waitMs, undefined, { signal: either, ref: false }).catch(() => {});
        waiters.delete(waiter);
      }
      const servers = routes
        .all()
        .flatMap(({ key, sleeper }) =>
          sleeper === undefined ? [] : [{ server: keyText(key), ...sleeper.activity() }],
        );
      return { sequence, servers };
    },
  };
}
