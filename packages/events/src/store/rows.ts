import { type SQLOutputValue } from 'node:sqlite';
import { AppError } from '@mcp-runtime/api';

export type Row = Readonly<Record<string, SQLOutputValue>>;

/** @throws AppError `data_corrupt` when the column holds something else, which STRICT tables do not allow. */
export function textIn(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new AppError('data_corrupt', `column \`${column}\` is not text`);
  return value;
}

/** @throws AppError `data_corrupt` when the column holds something else. */
export function integerIn(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw new AppError('data_corrupt', `column \`${column}\` is not an integer`);
  return value;
}
