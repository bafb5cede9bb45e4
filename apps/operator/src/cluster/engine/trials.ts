import { setTimeout as delay } from 'node:timers/promises';
import { type ObjectKey, keyText } from '@mcp-runtime/api';
import { type Running, closeOnce } from '@mcp-runtime/base';
import { type Tally, type TrackCounts, createTally } from '../rollout/tally.ts';
import { type GatewayReplica } from './gateway-replicas.ts';

/** What a replica has counted of each server since it started, by `namespace/name`. Rejects when it does not tell. */
export type ReadTracks = (replica: GatewayReplica, signal: AbortSignal) => Promise<ReadonlyMap<string, TrackCounts>>;

/** Counts what becomes of calls while a version is on trial. */
export interface Trials extends Running {
  /** From now on; `id` names the trial, `before` is what was counted of it already. The same again changes nothing. */
  follow(server: ObjectKey, id: string, before: TrackCounts): void;
  drop(server: ObjectKey): void;
  /** Undefined where no trial is followed. */
  counts(server: ObjectKey): TrackCounts | undefined;
}

interface TrialsOptions {
  readonly replicas: () => readonly GatewayReplica[];
  readonly read: ReadTracks;
  /** Between looks, while there is a trial. */
  readonly intervalMs: number;
  /** Every gateway that tells was asked once more. */
  readonly onCounted: (server: ObjectKey) => void;
}

interface Followed {
  readonly server: ObjectKey;
  readonly id: string;
  readonly tally: Tally;
}

const READ_TIMEOUT_MS = 5_000;

export function followTrials({ replicas, read, intervalMs, onCounted }: TrialsOptions): Trials {
  const stop = new AbortController();
  const followed = new Map<string, Followed>();
  let wake = Promise.withResolvers<void>();

  async function ask(replica: GatewayReplica): Promise<void> {
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(READ_TIMEOUT_MS)]);
    // One that does not tell now is asked again; what it counts meanwhile is not lost.
    const told = await read(replica, signal).catch(() => undefined);
    for (const { server, tally } of followed.values()) {
      const counts = told?.get(keyText(server));
      if (counts !== undefined) tally.take(`${replica.pod} ${replica.address}`, counts);
    }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      wake = Promise.withResolvers<void>();
      if (followed.size === 0) {
        await wake.promise;
        continue;
      }
      await Promise.all(replicas().map(ask));
      for (const { server } of followed.values()) onCounted(server);
      const { signal } = stop;
      const pause = delay(intervalMs, undefined, { signal, ref: false }).catch(() => {});
      await Promise.race([pause, wake.promise]);
    }
  }

  const running = run();
  return {
    follow: (server, id, before) => {
      if (followed.get(keyText(server))?.id === id) return;
      followed.set(keyText(server), { server, id, tally: createTally(before) });
      // What was counted until now is no part of the trial.
      wake.resolve();
    },
    drop: (server) => void followed.delete(keyText(server)),
    counts: (server) => followed.get(keyText(server))?.tally.counts(),
    ...closeOnce(async () => {
      stop.abort();
      wake.resolve();
      await running;
    }),
  };
}
