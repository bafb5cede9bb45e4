import { RotateKeysRequest } from '@mcp-runtime/api';
import { Hono } from 'hono';
import { bodyOf } from '../input.ts';
import { type ApiParts } from '../parts.ts';

/** The keys that session tokens are signed with. Their public halves are at `JWKS_PATH`, for everybody. */
export function keyRoutes({ keyRing }: ApiParts): Hono {
  const app = new Hono();
  app.get('/runtime/keys', (context) => context.json(keyRing.publicKeys()));
  app.post('/runtime/keys/rotate', async (context) =>
    context.json(await keyRing.rotate(await bodyOf(context, RotateKeysRequest))),
  );
  return app;
}
