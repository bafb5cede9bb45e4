import { once } from 'node:events';
import { type Server } from 'node:http';
import { AppError } from '@mcp-runtime/api';
import { type Running, closeOnce, errnoOf } from '@mcp-runtime/base';
import { createAdaptorServer } from '@hono/node-server';
import { createApp } from './app.ts';
import { type ApiParts } from './parts.ts';

export interface PlatformApi extends Running {
  /** Such as `http://127.0.0.1:7401`. */
  readonly url: string;
}

interface Listen {
  readonly host: string;
  /** 0 is any free one. */
  readonly port: number;
}

/** Rejects with `port_in_use`. */
export async function startPlatformApi(listen: Listen, parts: ApiParts): Promise<PlatformApi> {
  const server = createAdaptorServer({ fetch: createApp(parts).fetch });
  server.listen(listen.port, listen.host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw listenError(cause, listen);
  }
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : listen.port;
  const running = closeOnce(async () => {
    const closed = once(server, 'close');
    server.close();
    if (isHttp(server)) server.closeAllConnections();
    await closed;
  });
  return { ...running, url: `http://${listen.host}:${port}` };
}

function listenError(cause: unknown, { host, port }: Listen): AppError {
  if (errnoOf(cause) === 'EADDRINUSE') {
    return new AppError('port_in_use', `port ${port} on \`${host}\` is in use`, {
      next: `stop the other program, or choose another port with --api-listen ${host}:PORT`,
    });
  }
  return new AppError('invalid_config', `cannot listen on \`${host}:${port}\` for the platform API`, { cause });
}

function isHttp(server: object): server is Server {
  return 'closeAllConnections' in server;
}
