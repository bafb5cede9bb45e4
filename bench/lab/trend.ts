import { median } from './rows.ts';

export interface Sample {
  readonly minute: number;
  readonly rssMiB: number;
  readonly descriptors: number;
}

/** Slope of the line of least squares, in units an hour. */
export function hourlySlope(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
  const middle = mean(samples.map(({ minute }) => minute));
  const level = mean(samples.map(of));
  const covariance = samples.reduce((sum, one) => sum + (one.minute - middle) * (of(one) - level), 0);
  const variance = samples.reduce((sum, { minute }) => sum + (minute - middle) ** 2, 0);
  return variance === 0 ? 0 : (60 * covariance) / variance;
}

const MOST_MEMORY_GROWTH = 1.25;
const MOST_MORE_DESCRIPTORS = 25;

/** What grew: the last quarter beside the second, since the first is for warming up. */
export function judge(samples: readonly Sample[]): readonly string[] {
  const quarter = samples.length >> 2;
  const early = samples.slice(quarter, 2 * quarter);
  const late = samples.slice(-quarter);
  if (quarter < 3) return [];
  const of = (some: readonly Sample[], value: (sample: Sample) => number): number => median(some.map(value));
  const memory = [early, late].map((some) => of(some, ({ rssMiB }) => rssMiB));
  const descriptors = [early, late].map((some) => of(some, (sample) => sample.descriptors));
  const faults: string[] = [];
  if ((memory[1] ?? 0) > (memory[0] ?? 0) * MOST_MEMORY_GROWTH) faults.push(`memory grew: ${memory.join(' → ')} MiB`);
  if ((descriptors[1] ?? 0) > (descriptors[0] ?? 0) + MOST_MORE_DESCRIPTORS) {
    faults.push(`descriptors grew: ${descriptors.join(' → ')}`);
  }
  return faults;
}
