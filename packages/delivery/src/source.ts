import { type ObjectKey, keyText } from '@mcp-runtime/api';
import { type Running, closeOnce } from '@mcp-runtime/base';
import { type DeliveryCache } from './cache.ts';
import { type DeliverySink, type FollowOptions, type FollowStatus, followDeliveries } from './follow.ts';

/** A gateway, as what is delivered to and kept from serving what is too old. */
export interface GuardedSink extends DeliverySink {
  /** `stale`: every call is to be refused. `fresh`: what was delivered last is in force again. */
  be(state: 'fresh' | 'stale'): void;
}

export interface SourceOptions extends Omit<FollowOptions, 'sink' | 'signal'> {
  readonly sink: GuardedSink;
  readonly cache?: DeliveryCache | undefined;
  /** For how long the last policies count when nobody can confirm them, milliseconds; 0 is for ever. */
  readonly staleAfterMs: number;
}

export interface SourceStatus extends FollowStatus {
  readonly isStale: boolean;
  /** Whether everything is known: from the cluster, or from the last run while the cluster is away. */
  readonly isReady: boolean;
}

export interface DeliverySource extends Running {
  status(): SourceStatus;
}

const LOOK_MS = 1000;
const CONFIRM_MS = 5000;
const HEARTBEAT_MS = 5000;

/**
 * Follows deliveries, with what a cluster that is away asks for: what was in force stays in force, also over a restart, until
 * it could not be confirmed for too long.
 */
export async function openDeliverySource(options: SourceOptions): Promise<DeliverySource> {
  const { cache, sink, clock, staleAfterMs } = options;
  const stop = new AbortController();
  const kept = new Map<string, ObjectKey>();
  const before = await cache?.load();
  for (const { delivery, tracks } of before?.deliveries ?? []) {
    kept.set(keyText(delivery.route.server), delivery.route.server);
    sink.publish(delivery, tracks);
  }
  let isSynced = false;
  let isStale = false;
  let confirmedAt = 0;
  const lastContactAt = (): number | undefined => following.status().lastContactAt ?? before?.confirmedAt;

  const following = followDeliveries({
    ...options,
    heartbeatMs: options.heartbeatMs ?? heartbeatFor(staleAfterMs),
    signal: stop.signal,
    sink: cache === undefined ? sink : keptSink(sink, cache, (server) => kept.delete(keyText(server))),
  });
  following.synced.then(
    () => {
      isSynced = true;
      for (const server of kept.values()) {
        sink.remove(server);
        cache?.forget(server);
      }
      look();
    },
    // Only the end of the program ends it.
    () => {},
  );

  function look(): void {
    const at = lastContactAt();
    const isOld = staleAfterMs > 0 && at !== undefined && clock() - at > staleAfterMs;
    // After a time away the first thing that comes is what was missed: until the next look it has.
    if (isOld !== isStale && (isOld || isSettled())) {
      isStale = isOld;
      sink.be(isStale ? 'stale' : 'fresh');
    }
    wasConnected = following.status().connected;
    if (at === undefined || at - confirmedAt < CONFIRM_MS) return;
    confirmedAt = at;
    cache?.confirm(at);
  }

  let wasConnected = false;
  const isSettled = (): boolean => wasConnected && following.status().connected;
  look();
  const timer = setInterval(look, LOOK_MS).unref();
  return {
    ...closeOnce(async () => {
      clearInterval(timer);
      stop.abort();
      await cache?.settled();
    }),
    status: () => ({
      ...following.status(),
      lastContactAt: lastContactAt(),
      isStale,
      isReady: !isStale && (isSynced || (before?.deliveries.length ?? 0) > 0),
    }),
  };
}

/** Several within the time that counts, so that one which is late is no alarm. */
function heartbeatFor(staleAfterMs: number): number {
  return staleAfterMs === 0 ? HEARTBEAT_MS : Math.min(HEARTBEAT_MS, Math.ceil(staleAfterMs / 3));
}

function keptSink(sink: DeliverySink, cache: DeliveryCache, onSeen: (server: ObjectKey) => void): DeliverySink {
  const deliveries = new Map<string, Parameters<DeliverySink['publish']>[0]>();
  return {
    publish: (delivery, tracks) => {
      sink.publish(delivery, tracks);
      onSeen(delivery.route.server);
      deliveries.set(keyText(delivery.route.server), delivery);
      cache.keep(delivery, tracks);
    },
    pods: (server, tracks) => {
      sink.pods(server, tracks);
      const delivery = deliveries.get(keyText(server));
      if (delivery !== undefined) cache.keep(delivery, tracks);
    },
    remove: (server) => {
      sink.remove(server);
      deliveries.delete(keyText(server));
      cache.forget(server);
    },
  };
}
