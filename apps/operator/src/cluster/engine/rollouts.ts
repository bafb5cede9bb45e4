import { type MCPServer, type ObjectKey, type RolloutStatus, keyOf } from '@mcp-runtime/api';
import { type Clock, OpenedSoFar, type Running, closeOnce } from '@mcp-runtime/base';
import { type KubeObject } from '@mcp-runtime/kube';
import { type Blocked } from '../../conditions.ts';
import { type ShakenHands } from '../../handshake-status.ts';
import { type Probe } from '../../ports.ts';
import { type WorkDone } from '../../work-queue.ts';
import { compareDefinitions } from '../rollout/definitions.ts';
import { type Health } from '../rollout/judge.ts';
import { healthOf } from '../rollout/health.ts';
import { countsIn, nextRecord } from '../rollout/record.ts';
import { recordOf, trialOf } from '../rollout/trial.ts';
import { isReadyPod } from '../status/pod-trouble.ts';
import { type GatewayReplica } from './gateway-replicas.ts';
import { startProbing } from './probing.ts';
import { type ReadTracks, followTrials } from './trials.ts';

/** What was seen of a canary, and the last handshake with the version in use. */
export interface CanarySeen {
  readonly deployment: KubeObject | undefined;
  readonly pods: readonly KubeObject[];
  /** Why there cannot be one. */
  readonly conflict: Blocked | undefined;
  readonly stable: ShakenHands;
}

/** The trials of servers: looks at what is tried, and says what is to become of it. */
export interface Rollouts extends Running {
  /** The record that the status is to hold; undefined where nothing is on trial. */
  next(server: MCPServer, seen: CanarySeen): RolloutStatus | undefined;
  drop(server: ObjectKey): void;
}

interface RolloutsOptions {
  readonly probe: Probe;
  /** Where the canary of a server is reached through a gateway. */
  readonly urlOf: (server: MCPServer) => string;
  readonly probeIntervalMs: number;
  readonly gateways: () => readonly GatewayReplica[];
  readonly readTracks: ReadTracks;
  readonly countIntervalMs: number;
  readonly clock: Clock;
  /** What is known of a trial has changed. */
  readonly onNews: (server: ObjectKey) => void;
  readonly onDone: (done: WorkDone) => void;
}

export function startRollouts(options: RolloutsOptions): Rollouts {
  const { clock, onNews } = options;
  const opened = new OpenedSoFar();
  const probing = startProbing({
    probe: options.probe,
    track: 'canary',
    intervalMs: options.probeIntervalMs,
    onOutcome: onNews,
    onDone: options.onDone,
  });
  opened.add(() => probing.close());
  const trials = followTrials({
    replicas: options.gateways,
    read: options.readTracks,
    intervalMs: options.countIntervalMs,
    onCounted: onNews,
  });
  opened.add(() => trials.close());

  function drop(server: ObjectKey): void {
    probing.drop(server);
    trials.drop(server);
  }

  return {
    next: (server, { deployment, pods, conflict, stable }) => {
      const key = keyOf(server);
      const trial = trialOf(server);
      if (trial === undefined) {
        drop(key);
        return undefined;
      }
      const record = recordOf(server, trial);
      const health: Health =
        conflict === undefined
          ? healthOf(deployment, pods, trial.hash)
          : { state: 'starting', message: conflict.message };
      const isOver = record?.phase === 'Promoted' || record?.phase === 'RolledBack';
      if (isOver) drop(key);
      else if (health.state === 'ready' || record?.startedAt !== undefined) {
        trials.follow(key, `${trial.hash} ${trial.stableHash}`, countsIn(record));
        if (health.state === 'ready') probing.want(server, idOf(pods), options.urlOf(server));
      }
      return nextRecord(server, {
        health,
        definitions: compareDefinitions(server, stable, probing.outcome(server)),
        counts: trials.counts(key) ?? countsIn(record),
        nowMs: clock(),
      });
    },
    drop,
    ...closeOnce(() => opened.releaseAll()),
  };
}

function idOf(pods: readonly KubeObject[]): string {
  const ready = pods.filter(isReadyPod).map(({ metadata }) => metadata.uid ?? '');
  return ready.toSorted().join();
}
