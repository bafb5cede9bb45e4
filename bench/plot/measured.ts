import { z } from 'zod';
import { PLAIN } from '../lab/calls.ts';
import { rowsOfRaw } from '../lab/raw.ts';
import { MEASURES } from '../lab/report.ts';
import { type Row, type Summary, median, summarize } from '../lab/rows.ts';

export const GOVERNED = '+ audit spool';
export const DIRECT = 'direct';

const Kept = z.looseObject({
  at: z.string(),
  machine: z.object({
    node: z.string(),
    system: z.string(),
    processor: z.string(),
    cores: z.number(),
    memoryMiB: z.number(),
  }),
  pace: z.object({ rounds: z.number(), seconds: z.number() }),
  streams: z
    .looseObject({
      streams: z.number(),
      limitedBy: z.string(),
      idleMiB: z.number(),
      openMiB: z.number(),
      afterMiB: z.number(),
      openingMs: z.number(),
      serverNoticeMs: z.number(),
      policyChangeMs: z.number(),
      thousandChangesMs: z.number(),
      callCpuMicros: z.number(),
    })
    .optional(),
  decisions: z.array(z.object({ sessions: z.number(), micros: z.number() })).optional(),
  denied: z.looseObject({ callsPerSecond: z.number(), cpuMicrosPerCall: z.number() }).optional(),
  help: z.object({ helpMs: z.number(), nodeMs: z.number() }).optional(),
  memory: z.object({ upMiB: z.number() }).optional(),
});

export const Soak = z.looseObject({
  at: z.string(),
  minutes: z.number(),
  rate: z.number(),
  restarts: z.number(),
  records: z.number(),
  chainHolds: z.boolean(),
  counts: z.record(z.string(), z.object({ done: z.number(), failed: z.number() })),
  rssMiBPerHour: z.number(),
  descriptorsPerHour: z.number(),
  descriptorsAfter: z.number(),
  samples: z.array(z.object({ minute: z.number(), rssMiB: z.number(), descriptors: z.number() })),
});
export type Soak = z.infer<typeof Soak>;

/** A kept run, read again. */
export interface Measured extends z.infer<typeof Kept> {
  readonly rows: readonly Row[];
  readonly summaries: readonly Summary[];
}

export function measuredOf(text: string): Measured {
  const rows = rowsOfRaw(text);
  return { ...Kept.parse(JSON.parse(text)), rows, summaries: summarize(rows, MEASURES) };
}

/** What a target adds to the time of an answer, beside another target in the same rounds: the median, milliseconds. */
export function added(rows: readonly Row[], at: 'p50' | 'p99', load: RegExp, target: string, beside: string): number {
  const own = rows.filter((row) => load.test(`${row.part}: ${row.load}`) && row.target === target);
  const others = rows.filter((row) => load.test(`${row.part}: ${row.load}`) && row.target === beside);
  return median(own.map((row) => row[at] - (others.find(({ round }) => round === row.round)?.[at] ?? Number.NaN)));
}

export function summaryOf({ summaries }: Measured, load: RegExp, target: string): Summary | undefined {
  return summaries.find((one) => load.test(`${one.part}: ${one.load}`) && one.target === target);
}

export { PLAIN };
