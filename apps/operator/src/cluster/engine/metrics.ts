import { OPERATOR_METRICS, type RolloutStatus } from '@mcp-runtime/api';
import { type Metrics, createMetrics } from '@mcp-runtime/base/metrics';
import { type WorkDone } from '../../work-queue.ts';
import { type Activity } from '../sleep/sleeping.ts';
import { type Written } from './writer.ts';

export type QueueName = 'access' | 'objects' | 'policies' | 'probes';

export interface OperatorMetrics {
  readonly registry: Pick<Metrics, 'text'>;
  done(queue: QueueName, done: WorkDone): void;
  written(written: Written): void;
  statusWritten(kind: string): void;
  rolledOut(phase: RolloutStatus['phase']): void;
  propagated(afterMs: number): void;
  slept(activity: Activity): void;
}

/** What is read when somebody asks. */
export interface Gauges {
  readonly depth: (queue: QueueName) => number;
  readonly objects: () => Readonly<Record<string, number>>;
  readonly ready: () => number;
  readonly asleep: () => number;
  readonly isLeader: () => boolean;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const QUEUES: readonly QueueName[] = ['access', 'objects', 'policies', 'probes'];

export function createOperatorMetrics(gauges: Gauges): OperatorMetrics {
  const registry = createMetrics();
  const waited = registry.histogram(OPERATOR_METRICS.queueSeconds, SECONDS);
  const took = registry.histogram(OPERATOR_METRICS.workSeconds, SECONDS);
  const writes = registry.counter(OPERATOR_METRICS.writes);
  const drift = registry.counter(OPERATOR_METRICS.drift);
  const rollouts = registry.counter(OPERATOR_METRICS.rollouts);
  const propagation = registry.histogram(OPERATOR_METRICS.propagation, SECONDS);
  registry.gauge(OPERATOR_METRICS.queueDepth, (gauge) => {
    for (const queue of QUEUES) gauge.set({ queue }, gauges.depth(queue));
  });
  registry.gauge(OPERATOR_METRICS.objects, (gauge) => {
    for (const [kind, count] of Object.entries(gauges.objects())) gauge.set({ kind }, count);
  });
  registry.gauge(OPERATOR_METRICS.ready, (gauge) => gauge.set(gauges.ready()));
  registry.gauge(OPERATOR_METRICS.asleep, (gauge) => gauge.set(gauges.asleep()));
  const sleepChanges = registry.counter(OPERATOR_METRICS.sleepChanges);
  registry.gauge(OPERATOR_METRICS.leader, (gauge) => gauge.set(gauges.isLeader() ? 1 : 0));
  return {
    registry,
    done: (queue, { waitedMs, tookMs, result }) => {
      waited.observe({ queue }, waitedMs / 1000);
      took.observe({ queue, result }, tookMs / 1000);
    },
    written: ({ kind, action }) => {
      if (action !== 'unchanged') writes.inc({ kind, action });
      if (action === 'repaired') drift.inc({ kind });
    },
    statusWritten: (kind) => writes.inc({ kind, action: 'status' }),
    rolledOut: (phase) => rollouts.inc({ phase }),
    slept: (activity) => sleepChanges.inc({ to: activity }),
    propagated: (afterMs) => propagation.observe(afterMs / 1000),
  };
}
