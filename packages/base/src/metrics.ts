import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** What a metric is called and may be told apart by. Labels come from closed sets. */
export interface MetricNames<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
}

type Collect<Metric> = (metric: Metric) => void | Promise<void>;

/** Metrics of one program, in Prometheus text form. */
export interface Metrics {
  /** `collect` is called before each reading, for what need not be counted as it happens. */
  counter<Label extends string>(names: MetricNames<Label>, collect?: Collect<Counter<Label>>): Counter<Label>;
  gauge<Label extends string>(names: MetricNames<Label>, collect?: Collect<Gauge<Label>>): Gauge<Label>;
  histogram<Label extends string>(names: MetricNames<Label>, buckets: readonly number[]): Histogram<Label>;
  /** The exposition text, and its content type. */
  text(): Promise<{ readonly contentType: string; readonly body: string }>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  return {
    counter: ({ name, help, labels }, collect) =>
      new Counter({
        name,
        help,
        labelNames: [...labels],
        registers,
        ...(collect === undefined ? {} : { collect: collecting(collect) }),
      }),
    gauge: ({ name, help, labels }, collect) =>
      new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers,
        ...(collect === undefined ? {} : { collect: collecting(collect) }),
      }),
    histogram: ({ name, help, labels }, buckets) =>
      new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers }),
    text: async () => {
      const [own, process] = await Promise.all([registry.metrics(), processMetrics().metrics()]);
      return { contentType: registry.contentType, body: `${own}\n${process}` };
    },
  };
}

/** The library gives the metric as `this`. */
function collecting<Metric>(collect: Collect<Metric>): (this: Metric) => void | Promise<void> {
  return function collectThis() {
    return collect(this);
  };
}

/** How often the delay of the event loop is sampled, milliseconds. */
const LOOP_SAMPLE_MS = 50;
let ofProcess: Registry | undefined;

/** There is one process: memory, processor time, descriptors, garbage collection and the event loop, watched from the first reading on. */
function processMetrics(): Registry {
  if (ofProcess !== undefined) return ofProcess;
  ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess, eventLoopMonitoringPrecision: LOOP_SAMPLE_MS });
  return ofProcess;
}

export type { Counter, Gauge, Histogram } from 'prom-client';
