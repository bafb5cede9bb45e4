import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError } from '@mcp-runtime/api';
import { type HostPolicy, type Secret, isAllowedHost } from '@mcp-runtime/base';
import { type MiddlewareHandler } from 'hono';

/** Refuses hosts and origins that the listener does not serve, then whoever has no credential. */
export function guard(hosts: HostPolicy, adminToken: Secret): MiddlewareHandler {
  const expected = digest(adminToken.reveal());
  return async (context, next) => {
    const { host, origin } = { host: context.req.header('host'), origin: context.req.header('origin') };
    const headers = { ...(host === undefined ? {} : { host }), ...(origin === undefined ? {} : { origin }) };
    if (!isAllowedHost(headers, hosts)) {
      throw new AppError('host_not_allowed', 'the Host or Origin header is not one that this API serves');
    }
    const token = /^bearer +(\S+)$/i.exec(context.req.header('authorization') ?? '')?.[1] ?? '';
    // Digests have one length, which the comparison needs, and tell nothing of the secret's.
    if (!timingSafeEqual(digest(token), expected)) {
      const fault =
        token === '' ? 'the platform API needs a credential' : 'this is not the credential of the platform API';
      throw new AppError('unauthorized', fault, {
        next: 'send `Authorization: Bearer TOKEN`, TOKEN being what `admin.token` in the data folder of the runtime holds',
      });
    }
    await next();
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
