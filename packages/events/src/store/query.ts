import { AppError } from '@mcp-runtime/api';
import { type EventFilter } from './port.ts';

type Value = string | number;

/** A SELECT of `id`, `time` and `event`, one row longer than the page so that the page knows of more. */
export interface EventQuery {
  readonly sql: string;
  readonly values: readonly Value[];
}

const MAX_LIMIT = 1000;
const EQUAL = ['server', 'namespace', 'tool', 'human', 'agent', 'decision'] as const;
const CURSOR = /^(-?\d{1,16})\.(\d{1,16})$/;

/** @throws AppError `invalid_request` */
export function toQuery(filter: EventFilter): EventQuery {
  const { limit, cursor, order = 'newest' } = filter;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new AppError('invalid_request', `\`limit\` is a whole number from 1 to ${MAX_LIMIT}, not \`${limit}\``);
  }
  const [beyond, direction] = order === 'newest' ? ['<', 'DESC'] : ['>', 'ASC'];
  const conditions: [sql: string, ...values: Value[]][] = [];
  for (const column of EQUAL) {
    const value = filter[column];
    if (value !== undefined) conditions.push([`${column} = ?`, value]);
  }
  if (filter.from !== undefined) conditions.push(['time >= ?', timeOf('from', filter.from)]);
  if (filter.to !== undefined) conditions.push(['time < ?', timeOf('to', filter.to)]);
  if (cursor !== undefined) conditions.push([`(time, id) ${beyond} (?, ?)`, ...positionOf(cursor)]);
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.map(([sql]) => sql).join(' AND ')}`;
  return {
    sql: `SELECT id, time, event FROM events ${where} ORDER BY time ${direction}, id ${direction} LIMIT ?`,
    values: [...conditions.flatMap(([, ...values]) => values), limit + 1],
  };
}

export function toCursor(time: number, id: number): string {
  return `${time}.${id}`;
}

function positionOf(cursor: string): [time: number, id: number] {
  const [, time, id] = CURSOR.exec(cursor) ?? [];
  if (time === undefined || id === undefined) {
    throw new AppError('invalid_request', `\`${cursor}\` is not a cursor of this list`);
  }
  return [Number(time), Number(id)];
}

function timeOf(field: 'from' | 'to', text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new AppError('invalid_request', `\`${field}\` is a time, not \`${text}\``);
  return time;
}
