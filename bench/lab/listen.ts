import { once } from 'node:events';
import { type RequestListener, type Server, createServer } from 'node:http';

/** Serves on a port of this machine, a free one unless given. */
export async function listen(
  listener: RequestListener,
  port = 0,
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer({ keepAliveTimeout: 65_000, noDelay: true }, listener);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { server, url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}` };
}
