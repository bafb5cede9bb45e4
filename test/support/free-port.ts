import { once } from 'node:events';
import { createServer } from 'node:net';
import { listenOn } from '../../packages/base/src/index.ts';

/** A port that was free a moment ago, for a program that has to be told one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOn(server);
  server.close();
  await once(server, 'close');
  return port;
}
