import { AppError, DeployRequest, FIELD_MANAGERS, ApplyRequest, keyText } from '@mcp-runtime/api';
import { SERVERS, applyResources, deployServer, summarize } from '@mcp-runtime/control-plane';
import { Hono } from 'hono';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import { DryRunQuery, bodyOf, dryRunOf, keyOfPath, queryOf } from '../input.ts';
import { type ApiParts } from '../parts.ts';

const NamespaceQuery = z.object({ namespace: z.string().optional() });
const PolicyQuery = z.object({ namespace: z.string(), server: z.string() });
const LogsQuery = z.object({
  tail: z.coerce.number().int().min(0).max(10_000).default(200),
  follow: z.enum(['true', 'false']).default('false'),
});

export function serverRoutes({ client, clock, logs, policy }: ApiParts): Hono {
  const app = new Hono();

  app.get('/runtime/servers', async (context) => {
    const { namespace } = queryOf(context, NamespaceQuery);
    const { items } = await client.list(SERVERS, namespace === undefined ? {} : { namespace });
    return context.json({ servers: items.map((server) => summarize(server, clock())) });
  });

  app.post('/runtime/servers', async (context) => {
    const server = await deployServer(client, await bodyOf(context, DeployRequest));
    return context.json({ server });
  });

  app.get('/runtime/servers/:namespace/:name', async (context) => {
    const key = keyOfPath(context);
    const server = await client.get(SERVERS, key);
    if (server === undefined) throw new AppError('not_found', `no server \`${keyText(key)}\``);
    return context.json({ server });
  });

  app.delete('/runtime/servers/:namespace/:name', async (context) => {
    const key = keyOfPath(context);
    const { dry_run } = queryOf(context, DryRunQuery);
    const outcome = await client.delete(SERVERS, key, dryRunOf(dry_run === 'true'));
    return context.json({ success: true, ...key, changed: outcome !== 'absent' });
  });

  app.get('/runtime/servers/:namespace/:name/logs', async (context) => {
    const key = keyOfPath(context);
    const { tail, follow } = queryOf(context, LogsQuery);
    if ((await client.get(SERVERS, key)) === undefined)
      throw new AppError('not_found', `no server \`${keyText(key)}\``);
    const lines = await logs.read(key, tail);
    context.header('content-type', 'text/plain; charset=utf-8');
    if (follow === 'false') return context.body(lines.map((line) => `${line}\n`).join(''));
    return stream(context, async (output) => {
      await output.write(lines.map((line) => `${line}\n`).join(''));
      const ended = Promise.withResolvers<void>();
      const stop = new AbortController();
      output.onAbort(() => {
        stop.abort();
        ended.resolve();
      });
      logs.follow(key, stop.signal, (line) => void output.write(`${line}\n`));
      await ended.promise;
    });
  });

  app.get('/runtime/policy', (context) => {
    const { namespace, server } = queryOf(context, PolicyQuery);
    const document = policy({ namespace, name: server });
    if (document === undefined) throw new AppError('not_found', `no policy of a server \`${namespace}/${server}\``);
    return context.json(document);
  });

  app.post('/runtime/apply', async (context) => {
    const { resources, dryRun, force } = await bodyOf(context, ApplyRequest);
    const options = {
      fieldManager: FIELD_MANAGERS.cli,
      ...dryRunOf(dryRun),
      ...(force ? { force: 'force' as const } : {}),
    };
    return context.json({ results: await applyResources(client, resources, options) });
  });

  return app;
}
