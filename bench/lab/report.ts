import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { type DecisionCost } from './decisions.ts';
import { type DeniedResult } from './denied.ts';
import { type StreamsResult } from './streams.ts';
import { type HelpResult, type MemoryResult } from './program.ts';
import { type Pace } from './rounds.ts';
import { type Row, type Summary, summarize } from './rows.ts';
import { PLAIN } from './calls.ts';
import { UNFILTERED } from './lists.ts';
import { GOVERNED_MEASURE } from './governed.ts';
import { BRIDGE } from './peers.ts';

/** What one run found out, and on what machine: each round, nothing summed up. */
export interface Report {
  readonly at: string;
  readonly machine: Machine;
  readonly pace: Pace;
  readonly rows: readonly Row[];
  readonly streams?: StreamsResult | undefined;
  readonly decisions?: readonly DecisionCost[];
  readonly denied?: DeniedResult;
  readonly help?: HelpResult;
  readonly memory?: MemoryResult | undefined;
}

export interface Machine {
  readonly node: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryMiB: number;
}

/** What others are compared to, in each part. */
export const MEASURES: Readonly<Record<string, string>> = {
  calls: PLAIN,
  rate: PLAIN,
  lists: UNFILTERED,
  governed: GOVERNED_MEASURE,
  peers: BRIDGE,
};

export function thisMachine(): Machine {
  return {
    node: process.versions.node,
    system: `${platform()} ${release()} ${arch()}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 2 ** 20),
  };
}

export function reportText({ machine, rows, decisions, denied, streams, help, memory }: Report): string {
  const { node, system, processor, cores } = machine;
  const lines = [
    `Node ${node}, ${system}, ${cores} cores (${processor})`,
    '',
    ...summaryLines(summarize(rows, MEASURES)),
  ];
  if (denied !== undefined) {
    const { callsPerSecond, p50, p99, cpuMicrosPerCall } = denied;
    lines.push('denied, 32 connections, audited; no connection to the server');
    lines.push(
      `  ${callsPerSecond.toFixed(0)} calls/s, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, ${cpuMicrosPerCall.toFixed(0)} µs of processor a call`,
    );
  }
  for (const { tools, grants, sessions, micros } of decisions ?? []) {
    lines.push(
      `decision, ${tools} tools, ${grants} grants, ${sessions} sessions: ${micros.toFixed(2)} µs of processor`,
    );
  }
  if (streams !== undefined) lines.push(...streamLines(streams));
  if (help !== undefined)
    lines.push(`mcp-runtime --help  ${help.helpMs.toFixed(0)} ms (Node alone: ${help.nodeMs.toFixed(0)} ms)`);
  if (memory !== undefined) lines.push(`mcp-runtime up, idle  ${memory.upMiB.toFixed(0)} MiB resident`);
  return `${lines.join('\n')}\n`;
}

function streamLines(streams: StreamsResult): readonly string[] {
  const { idleMiB, openMiB, afterMiB, openingMs, serverNoticeMs, policyChangeMs, thousandChangesMs } = streams;
  return [
    `${streams.streams} open streams${streams.limitedBy === '' ? '' : ` (${streams.limitedBy})`}`,
    `  memory ${idleMiB.toFixed(0)} MiB before, ${openMiB.toFixed(0)} MiB open, ${afterMiB.toFixed(0)} MiB after all this`,
    `  opened in ${openingMs.toFixed(0)} ms; told by the server in ${serverNoticeMs.toFixed(0)} ms`,
    `  told of a policy change in ${policyChangeMs.toFixed(0)} ms, of a thousand in ${thousandChangesMs.toFixed(0)} ms (${streams.noticesOfThousand} notices)`,
    `  a call meanwhile takes ${streams.callCpuMicros.toFixed(0)} µs of processor`,
  ];
}

/** An empty text where the figure has no meaning, as processor time where there is no proxy. */
const figure = (value: number, digits: number): string => (Number.isFinite(value) ? value.toFixed(digits) : '');

export const COLUMNS: readonly { readonly title: string; readonly of: (summary: Summary) => string }[] = [
  { title: 'calls/s', of: ({ callsPerSecond }) => figure(callsPerSecond, 0) },
  { title: 'p50 ms', of: ({ p50 }) => figure(p50, 2) },
  { title: 'p95 ms', of: ({ p95 }) => figure(p95, 2) },
  { title: 'p99 ms', of: ({ p99 }) => figure(p99, 2) },
  { title: 'p99.9 ms', of: ({ p999 }) => figure(p999, 2) },
  { title: 'CPU µs', of: ({ cpuMicrosPerCall }) => figure(cpuMicrosPerCall || Number.NaN, 0) },
  { title: 'ratio', of: ({ cpuMicrosPerCall, ratio }) => figure(cpuMicrosPerCall === 0 ? Number.NaN : ratio, 2) },
  { title: 'RSS MiB', of: ({ rssMiB }) => figure(rssMiB || Number.NaN, 0) },
  { title: 'late ms', of: ({ cpuMicrosPerCall, lateP99 }) => figure(cpuMicrosPerCall === 0 ? Number.NaN : lateP99, 1) },
];

function summaryLines(summaries: readonly Summary[]): readonly string[] {
  const groups = Map.groupBy(summaries, ({ part, load }) => `${part}: ${load}`);
  return groups
    .entries()
    .toArray()
    .flatMap(([title, rows]) => [
      title.padEnd(46) + COLUMNS.map((column) => column.title.padStart(9)).join(''),
      ...rows.map((row) => `  ${row.target.padEnd(44)}${COLUMNS.map(({ of }) => of(row).padStart(9)).join('')}`),
      '',
    ]);
}
