import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { type CallsResult } from './calls.ts';
import { type DeniedResult } from './denied.ts';
import { type HelpResult, type MemoryResult } from './program.ts';

/** What one run found out, and on what machine. */
export interface Report {
  readonly at: string;
  readonly machine: Machine;
  readonly pace: { readonly rounds: number; readonly seconds: number };
  readonly calls?: readonly CallsResult[];
  readonly denied?: DeniedResult;
  readonly help?: HelpResult;
  readonly memory?: MemoryResult | undefined;
}

interface Machine {
  readonly node: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryMiB: number;
}

export function thisMachine(): Machine {
  return {
    node: process.versions.node,
    system: `${platform()} ${release()} ${arch()}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 2 ** 20),
  };
}

export function reportText({ machine, calls, denied, help, memory }: Report): string {
  const { node, system, processor, cores } = machine;
  const lines = [`Node ${node}, ${system}, ${cores} cores (${processor})`];
  if (calls !== undefined) lines.push('', ...callLines(calls));
  if (denied !== undefined) {
    const { callsPerSecond, p50, p99, cpuMicrosPerCall } = denied;
    lines.push('', 'denied, 32 connections, audited; no connection to the server');
    lines.push(
      `  ${callsPerSecond.toFixed(0)} calls/s, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, ${cpuMicrosPerCall.toFixed(0)} µs of processor a call`,
    );
  }
  if (help !== undefined)
    lines.push('', `mcp-runtime --help  ${help.helpMs.toFixed(0)} ms (Node alone: ${help.nodeMs.toFixed(0)} ms)`);
  if (memory !== undefined) lines.push('', `mcp-runtime up, idle  ${memory.upMiB.toFixed(0)} MiB resident`);
  return `${lines.join('\n')}\n`;
}

const COLUMNS: readonly { readonly title: string; readonly of: (result: CallsResult) => string }[] = [
  { title: 'calls/s', of: ({ callsPerSecond }) => callsPerSecond.toFixed(0) },
  { title: 'p50 ms', of: ({ p50 }) => p50.toFixed(2) },
  { title: 'p99 ms', of: ({ p99 }) => p99.toFixed(2) },
  { title: 'CPU µs/call', of: ({ cpuMicrosPerCall }) => cpuMicrosPerCall.toFixed(0) },
  { title: '× plain', of: ({ ratio }) => ratio.toFixed(2) },
  { title: 'RSS MiB', of: ({ rssMiB }) => rssMiB.toFixed(0) },
];

function callLines(results: readonly CallsResult[]): readonly string[] {
  const groups = Map.groupBy(
    results,
    ({ connections, resultBytes }) => `${connections} connections, ${resultBytes} B results`,
  );
  return groups
    .entries()
    .toArray()
    .flatMap(([load, rows]) => [
      load.padEnd(28) + COLUMNS.map(({ title }) => title.padStart(12)).join(''),
      ...rows.map((row) => `  ${row.target.padEnd(26)}${COLUMNS.map(({ of }) => of(row).padStart(12)).join('')}`),
      '',
    ]);
}
