import { type RequestListener, type Server, createServer } from 'node:http';
import { listenOn } from '@mcp-runtime/base';

/** Serves on a port of this machine, a free one unless given. */
export async function listen(
  listener: RequestListener,
  port = 0,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer({ keepAliveTimeout: 65_000, noDelay: true }, listener);
  const host = '127.0.0.1';
  return { server, url: `http://${host}:${await listenOn(server, { host, port })}` };
}
