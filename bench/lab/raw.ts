import { z } from 'zod';
import { type Report } from './report.ts';
import { type Row } from './rows.ts';

const COLUMNS = [
  'part',
  'target',
  'load',
  'round',
  'calls',
  'seconds',
  'p50',
  'p95',
  'p99',
  'p999',
  'cpuMicrosPerCall',
  'rssMiB',
  'lateP99',
] as const satisfies readonly (keyof Row)[];

/** A report as it is kept: its rows without the names of their fields, one on a line, four digits of each figure. */
export function toRaw({ rows, ...rest }: Report): string {
  const digits = (value: string | number): string | number =>
    typeof value === 'string' || Number.isInteger(value) ? value : Number(value.toPrecision(4));
  const lines = rows.map((row) => JSON.stringify(COLUMNS.map((column) => digits(row[column]))));
  const others = JSON.stringify(rest, (_, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value,
  );
  return `${others.slice(0, -1)},\n"columns":${JSON.stringify(COLUMNS)},\n"rows":[\n${lines.join(',\n')}\n]}\n`;
}

const Cell = z.union([z.string(), z.number()]);
const Raw = z.looseObject({ columns: z.array(z.string()), rows: z.array(z.array(Cell)) });
const KeptRow = z.object({
  part: z.string(),
  target: z.string(),
  load: z.string(),
  round: z.number(),
  calls: z.number(),
  seconds: z.number(),
  p50: z.number(),
  p95: z.number(),
  p99: z.number(),
  p999: z.number(),
  cpuMicrosPerCall: z.number(),
  rssMiB: z.number(),
  lateP99: z.number(),
});

/** The rows of a kept report. */
export function rowsOfRaw(text: string): readonly Row[] {
  const { columns, rows } = Raw.parse(JSON.parse(text));
  return rows.map((cells) => KeptRow.parse(Object.fromEntries(columns.map((column, index) => [column, cells[index]]))));
}
