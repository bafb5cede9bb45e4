import { type AuditEvent } from '@mcp-runtime/api';
import { Hono } from 'hono';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import { queryOf } from '../input.ts';
import { type ApiParts } from '../parts.ts';

const FilterFields = {
  server: z.string().optional(),
  namespace: z.string().optional(),
  tool: z.string().optional(),
  human: z.string().optional(),
  agent: z.string().optional(),
  decision: z.enum(['allow', 'deny']).optional(),
};
const StreamQuery = z.object(FilterFields);
const ListQuery = z.object({
  ...FilterFields,
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(256).optional(),
  order: z.enum(['newest', 'oldest']).default('newest'),
});

export function eventRoutes({ events }: ApiParts): Hono {
  const app = new Hono();

  app.get('/events', async (context) => {
    const query = queryOf(context, ListQuery);
    await events.drained();
    const page = await events.store.query(present(query));
    const meta = {
      limit: query.limit,
      has_more: page.hasMore,
      ...(page.nextCursor === undefined ? {} : { next_cursor: page.nextCursor }),
    };
    return context.json({ events: page.events.map(({ event }) => event), meta });
  });

  app.get('/events/stream', (context) => {
    const query = queryOf(context, StreamQuery);
    context.header('content-type', 'application/x-ndjson');
    context.header('cache-control', 'no-store');
    return stream(context, async (output) => {
      const ended = Promise.withResolvers<void>();
      const stop = events.subscribe((event) => {
        if (matches(event, query)) void output.write(`${JSON.stringify(event)}\n`);
      });
      output.onAbort(() => {
        stop();
        ended.resolve();
      });
      await ended.promise;
    });
  });

  app.get('/events/verify', async (context) => context.json(await events.verify()));

  return app;
}

function matches({ payload }: AuditEvent, query: z.infer<typeof StreamQuery>): boolean {
  const pairs = [
    [query.server, payload.server],
    [query.namespace, payload.namespace],
    [query.tool, payload.tool_name],
    [query.human, payload.human_id],
    [query.agent, payload.agent_id],
    [query.decision, payload.decision],
  ] as const;
  return pairs.every(([wanted, found]) => wanted === undefined || wanted === found);
}

type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** The same without members that are undefined. */
function present<T extends object>(value: T): Present<T> {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  // oxlint-disable-next-line no-unsafe-type-assertion -- the members that are left are the defined ones
  return Object.fromEntries(entries) as Present<T>;
}
