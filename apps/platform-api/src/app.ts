import { randomUUID } from 'node:crypto';
import { API_BASE_PATH, AppError, type ErrorCode, JWKS_PATH, asAppError, toHttpError } from '@mcp-runtime/api';
import { getConnInfo } from '@hono/node-server/conninfo';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { guard } from './guard.ts';
import { type ApiParts } from './parts.ts';
import { accessRoutes } from './routes/access.ts';
import { eventRoutes } from './routes/events.ts';
import { keyRoutes } from './routes/keys.ts';
import { serverRoutes } from './routes/servers.ts';

const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** Of callers of whom nothing is known. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(['unauthorized', 'host_not_allowed']);

/** The routes of the platform API. Every one needs the credential, but for `/health` and the public keys. */
export function createApp(parts: ApiParts): Hono {
  const app = new Hono();
  app.onError(async (error, context) => {
    const known = asAppError(error);
    const requestId = randomUUID();
    if (REFUSALS.has(known.code)) await recordRefusal(known.code, context, parts);
    if (known.code === 'internal') parts.log.error('an API request failed', { requestId, error: String(error.stack) });
    const { status, body } = toHttpError(known, requestId);
    const next = known.next === undefined ? {} : { next: known.next };
    return Response.json({ ...body, ...next }, { status, headers: { 'cache-control': 'no-store' } });
  });
  app.notFound(() => {
    throw new AppError('not_found', 'there is no such path');
  });
  app.get('/health', (context) => context.text('ok'));
  app.get(JWKS_PATH, (context) =>
    context.json(parts.keyRing.publicKeys(), 200, { 'cache-control': 'public, max-age=60' }),
  );
  app.use(`${API_BASE_PATH}/*`, guard(parts.hosts, parts.adminToken));
  app.use(
    `${API_BASE_PATH}/*`,
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: () => {
        throw new AppError('request_too_large', `the body has more than ${MAX_BODY_BYTES} bytes`);
      },
    }),
  );
  app.get(`${API_BASE_PATH}/runtime/status`, async (context) => context.json(await parts.status()));
  app.post(`${API_BASE_PATH}/runtime/shutdown`, (context) => {
    parts.shutDown();
    return context.json({}, 202);
  });
  app.route(API_BASE_PATH, serverRoutes(parts));
  app.route(API_BASE_PATH, accessRoutes(parts));
  app.route(API_BASE_PATH, keyRoutes(parts));
  app.route(API_BASE_PATH, eventRoutes(parts));
  return app;
}

function recordRefusal(reason: ErrorCode, context: Context, { recordRefusal: record }: ApiParts): Promise<void> {
  const { method, path } = context.req;
  const { address } = getConnInfo(context).remote;
  return record({ reason, method, path, ...(address === undefined ? {} : { clientAddress: address }) });
}
