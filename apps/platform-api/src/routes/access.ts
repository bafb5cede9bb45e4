import {
  AppError,
  type MCPAccessGrant,
  type MCPAgentSession,
  ToggleGrantRequest,
  ToggleSessionRequest,
  TokenRequest,
  keyText,
  resolveServer,
} from '@mcp-runtime/api';
import { GRANTS, SESSIONS, issueSessionToken, setGrantDisabled, setSessionRevoked } from '@mcp-runtime/control-plane';
import { type ResourceType } from '@mcp-runtime/kube';
import { Hono } from 'hono';
import { z } from 'zod';
import { DryRunQuery, bodyOf, dryRunOf, keyOfPath, queryOf } from '../input.ts';
import { type ApiParts } from '../parts.ts';

const ListQuery = z.object({ namespace: z.string().optional(), server: z.string().optional() });

export function accessRoutes(parts: ApiParts): Hono {
  const { client, keyRing, clock, urlOf } = parts;
  const app = new Hono();
  app.route('/runtime/grants', objectRoutes(parts, GRANTS, 'grant'));
  app.route('/runtime/sessions', objectRoutes(parts, SESSIONS, 'session'));

  app.patch('/runtime/grants/:namespace/:name', async (context) => {
    const key = keyOfPath(context);
    const { disabled, dryRun } = await bodyOf(context, ToggleGrantRequest);
    const changed = await setGrantDisabled(client, key, disabled, dryRunOf(dryRun));
    return context.json({ success: true, ...key, changed });
  });

  app.patch('/runtime/sessions/:namespace/:name', async (context) => {
    const key = keyOfPath(context);
    const { revoked, dryRun } = await bodyOf(context, ToggleSessionRequest);
    const changed = await setSessionRevoked(client, key, revoked, dryRunOf(dryRun));
    return context.json({ success: true, ...key, changed });
  });

  app.post('/runtime/sessions/:namespace/:name/token', async (context) => {
    const key = keyOfPath(context);
    const { ttlSeconds, confirmation } = await bodyOf(context, TokenRequest);
    const options = { client, key: keyRing.signingKey(), ttlSeconds, confirmation, now: clock() };
    const issued = await issueSessionToken(key, options);
    const { token, expiresAt, audience, server } = issued;
    return context.json({ token, expiresAt, audience, endpoint: urlOf(resolveServer(server).publicPath) });
  });

  return app;
}

function objectRoutes<T extends MCPAccessGrant | MCPAgentSession>(
  { client }: ApiParts,
  type: ResourceType<T>,
  noun: 'grant' | 'session',
): Hono {
  const app = new Hono();

  app.get('/', async (context) => {
    const { namespace, server } = queryOf(context, ListQuery);
    const { items } = await client.list(type, namespace === undefined ? {} : { namespace });
    const wanted = items.filter(({ spec }) => server === undefined || spec.serverRef.name === server);
    return context.json({ [`${noun}s`]: wanted });
  });

  app.get('/:namespace/:name', async (context) => {
    const key = keyOfPath(context);
    const object = await client.get(type, key);
    if (object === undefined) throw new AppError('not_found', `no ${noun} \`${keyText(key)}\``);
    return context.json({ [noun]: object });
  });

  app.delete('/:namespace/:name', async (context) => {
    const key = keyOfPath(context);
    const { dry_run } = queryOf(context, DryRunQuery);
    const outcome = await client.delete(type, key, dryRunOf(dry_run === 'true'));
    return context.json({ success: true, ...key, changed: outcome !== 'absent' });
  });

  return app;
}
