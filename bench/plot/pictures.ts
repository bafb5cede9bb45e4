import { type Summary } from '../lab/rows.ts';
import { type BarGroup, barPlot } from './bars.ts';
import { linePlot } from './lines.ts';
import { DIRECT, type Measured, type Soak } from './measured.ts';

const QUANTILES = [
  ['p50', 'p50'],
  ['p95', 'p95'],
  ['p99', 'p99'],
  ['p999', 'p99.9'],
] as const;

/** The pictures of a run by file name. */
export function picturesOf({ summaries }: Measured, soak: Soak | undefined): ReadonlyMap<string, string> {
  const calls = summaries.filter(({ part, target }) => part === 'calls' && target !== DIRECT);
  const isConcurrency = ({ load }: Summary): boolean => load.startsWith('1 KiB');
  const budget = [{ value: 1, name: 'pass-through' }];
  const pictures = new Map([
    [
      'connections.svg',
      barPlot({
        title: 'Processor time of a call beside the plain pass-through, 1 KiB in and out',
        unit: '× pass-through',
        groups: ratios(calls.filter(isConcurrency)),
        marks: [...budget, { value: 0.8, name: '0.8' }],
      }),
    ],
    [
      'payloads.svg',
      barPlot({
        title: 'Processor time of a call beside the plain pass-through, by payload',
        unit: '× pass-through',
        groups: ratios(calls.filter((one) => !isConcurrency(one))),
        marks: budget,
      }),
    ],
    ['latency.svg', latency(summaries.filter(({ part }) => part === 'rate'))],
    [
      'peers.svg',
      barPlot({
        title: 'Processor time of a call, HTTP for a server on standard input and output',
        unit: 'µs of processor',
        groups: grouped(
          summaries.filter(({ part }) => part === 'peers'),
          ({ cpuMicrosPerCall }) => ({
            value: cpuMicrosPerCall,
            low: cpuMicrosPerCall,
            high: cpuMicrosPerCall,
          }),
        ),
        marks: [],
      }),
    ],
  ]);
  if (soak !== undefined) {
    pictures.set(
      'soak-memory.svg',
      overTime('Resident memory under a mixed load', 'MiB', soak, ({ rssMiB }) => rssMiB),
    );
    const descriptors = overTime(
      'Open descriptors under a mixed load',
      'descriptors',
      soak,
      (sample) => sample.descriptors,
    );
    pictures.set('soak-descriptors.svg', descriptors);
  }
  return pictures;
}

function ratios(summaries: readonly Summary[]): readonly BarGroup[] {
  return grouped(summaries, ({ ratio, ratioLow, ratioHigh }) => ({ value: ratio, low: ratioLow, high: ratioHigh }));
}

function grouped(
  summaries: readonly Summary[],
  of: (summary: Summary) => { readonly value: number; readonly low: number; readonly high: number },
): readonly BarGroup[] {
  return Map.groupBy(summaries, ({ load }) => load)
    .entries()
    .map(([name, own]) => ({ name, bars: own.map((one) => ({ name: one.target, ...of(one) })) }))
    .toArray();
}

function latency(summaries: readonly Summary[]): string {
  return linePlot({
    title: `Time to answer at a fixed rate: ${summaries[0]?.load ?? ''}`,
    unit: 'ms',
    xUnit: 'share of the calls that are faster',
    series: summaries.map((one) => ({
      name: one.target,
      points: QUANTILES.map(([quantile], index) => [index, Math.max(one[quantile], 0.01)] as const),
    })),
    xTicks: QUANTILES.map(([, name], index) => [index, name] as const),
    yScale: 'log',
  });
}

function overTime(
  title: string,
  unit: string,
  { samples, minutes }: Soak,
  of: (sample: Soak['samples'][number]) => number,
): string {
  const step = Math.max(1, Math.ceil(minutes / 6));
  return linePlot({
    title,
    unit,
    xUnit: 'minutes',
    series: [
      { name: 'gateway, audit and store', points: samples.map((sample) => [sample.minute, of(sample)] as const) },
    ],
    xTicks: Array.from(
      { length: Math.floor(minutes / step) + 1 },
      (_, index) => [index * step, String(index * step)] as const,
    ),
    yScale: 'linear',
  });
}
