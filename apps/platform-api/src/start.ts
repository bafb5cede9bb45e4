import { once } from 'node:events';
import { type Server } from 'node:http';
import { AppError } from '@mcp-runtime/api';
import { type ListenAddress, type Running, closeOnce, errnoOf, listenOn } from '@mcp-runtime/base';
import { createAdaptorServer } from '@hono/node-server';
import { createApp } from './app.ts';
import { type ApiParts } from './parts.ts';

export interface PlatformApi extends Running {
  /** Such as `http://127.0.0.1:7401`. */
  readonly url: string;
}

/** Rejects with `port_in_use`. */
export async function startPlatformApi(listen: ListenAddress, parts: ApiParts): Promise<PlatformApi> {
  const server = createAdaptorServer({ fetch: createApp(parts).fetch });
  const port = await listenOn(server, listen).catch((cause: unknown) => {
    throw listenError(cause, listen);
  });
  const running = closeOnce(async () => {
    const closed = once(server, 'close');
    server.close();
    if (isHttp(server)) server.closeAllConnections();
    await closed;
  });
  return { ...running, url: `http://${listen.host}:${port}` };
}

function listenError(cause: unknown, { host, port }: ListenAddress): AppError {
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
