import { OURS, PEER } from '../lab/governed.ts';
import { DIRECT, GOVERNED, type Measured, PLAIN, added, summaryOf } from './measured.ts';

/** A line of the table of budgets: what is asked, and what this run found. */
export interface Budget {
  readonly what: string;
  readonly limit: string;
  readonly found: string;
  readonly isMet: boolean | undefined;
}

/** What the run found, and `governed` of the proxy that governs. */
export function budgetsOf(measured: Measured, governed: Measured): readonly Budget[] {
  const { rows, streams, decisions, help } = measured;
  const ratio = (what: string, load: RegExp, limit: number): Budget => {
    const found = summaryOf(measured, load, GOVERNED);
    return atMost(
      `processor time of a governed call, ${what}`,
      found?.ratio,
      limit,
      (value) => `${value.toFixed(2)} ×`,
    );
  };
  const ms = (value: number): string => `${value.toFixed(2)} ms`;
  const single = /^calls: 1 KiB, 1 connection$/;
  const ofPeer = (load: RegExp): number | undefined => {
    const [own, peer] = [OURS, PEER].map((name) => summaryOf(governed, load, name)?.cpuMicrosPerCall);
    return own === undefined || peer === undefined ? undefined : own / peer;
  };
  const lists = summaryOf(measured, /^lists/, 'as a filtered list');
  return [
    ratio('1 KiB, 32 connections', /^calls: 1 KiB, 32 /, 0.8),
    ratio('1 KiB, 128 connections', /^calls: 1 KiB, 128 /, 0.8),
    ratio('1 KiB, 8 connections', /^calls: 1 KiB, 8 /, 0.8),
    ratio('1 KiB, 1 connection', single, 0.8),
    ratio('10 KiB result', /^calls: 10 KiB/, 1.1),
    ratio('1 MiB result', /^calls: 1 MiB/, 1.1),
    ratio('100 events one by one', /^calls: 100 events one/, 1.1),
    ratio('100 events at once', /^calls: 100 events at/, 1.1),
    atMost(
      'the same, 1 KiB, 32 connections, beside `mcp-proxy` of Rust',
      ofPeer(/^governed: 1 KiB, 32 /),
      0.5,
      (value) => `${value.toFixed(2)} ×`,
    ),
    atMost('added at the median, 1 connection, beside direct', added(rows, 'p50', single, GOVERNED, DIRECT), 0.15, ms),
    atMost('added at p99, half load, beside direct', added(rows, 'p99', /^rate/, GOVERNED, DIRECT), 2, ms),
    atMost('added at p99, half load, beside the pass-through', added(rows, 'p99', /^rate/, GOVERNED, PLAIN), 2, ms),
    atMost('a list of 1,000 tools filtered: added at the median', lists?.addedP50, 1, ms),
    atMost('resident memory with the open streams', streams?.openMiB, 600, (value) => `${value.toFixed(0)} MiB`),
    atMost(
      'a thousand changes of policy told to all of them',
      streams?.thousandChangesMs,
      2000,
      (value) => `${value.toFixed(0)} ms`,
    ),
    ...(decisions ?? []).map(({ sessions, micros }) =>
      atMost(`a decision, ${sessions.toLocaleString('en')} sessions`, micros, 5, (value) => `${value.toFixed(2)} µs`),
    ),
    atMost('`mcp-runtime --help`', help?.helpMs, 120, (value) => `${value.toFixed(0)} ms`),
  ];
}

function atMost(what: string, found: number | undefined, limit: number, text: (value: number) => string): Budget {
  if (found === undefined || Number.isNaN(found))
    return { what, limit: text(limit), found: 'not measured', isMet: undefined };
  return { what, limit: text(limit), found: text(found), isMet: found <= limit };
}
