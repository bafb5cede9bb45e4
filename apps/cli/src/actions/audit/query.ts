import { type AuditEvent, AuditPage } from '@mcp-runtime/api';
import { type ApiClient } from '../api-client.ts';
import { instantBefore } from '../times.ts';

export interface AuditFilters {
  readonly server: string | undefined;
  readonly namespace: string | undefined;
  readonly tool: string | undefined;
  readonly human: string | undefined;
  readonly agent: string | undefined;
  readonly decision: string | undefined;
}

export interface AuditWindow {
  readonly since: string | undefined;
  readonly until: string | undefined;
}

type Query = Readonly<Record<string, string | undefined>>;

export function filterQuery({ server, namespace, tool, human, agent, decision }: AuditFilters): Query {
  return { server, namespace, tool, human, agent, decision };
}

/** @throws AppError `usage`. */
export function windowQuery({ since, until }: AuditWindow, now: number): Query {
  return { from: instantBefore('since', since, now), to: instantBefore('until', until, now) };
}

const PAGE = 1000;

interface Reading {
  readonly query: Query;
  readonly order: 'newest' | 'oldest';
  /** Infinity for all. */
  readonly limit: number;
}

/** Recorded events page by page, `limit` of them at most. */
export async function* auditPages(
  api: ApiClient,
  { query, order, limit }: Reading,
): AsyncGenerator<readonly AuditEvent[]> {
  let left = limit;
  let cursor: string | undefined;
  while (left > 0) {
    const page = await api.call('/events', AuditPage, {
      query: { ...query, order, limit: Math.min(PAGE, left), cursor },
    });
    yield page.events.slice(0, left);
    left -= page.events.length;
    cursor = page.meta.next_cursor;
    if (!page.meta.has_more || cursor === undefined) return;
  }
}
