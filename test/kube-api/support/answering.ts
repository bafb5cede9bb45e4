import { once } from 'node:events';
import { createServer } from 'node:http';
import { listenOn } from '../../../packages/base/src/index.ts';

export interface Answering extends AsyncDisposable {
  readonly port: number;
  /** Requests that have come so far. */
  calls(): number;
}

/** An MCP server that answers every call with an empty result. */
export async function startAnswering(host: string): Promise<Answering> {
  let calls = 0;
  const server = createServer((request, response) => {
    calls += 1;
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"jsonrpc":"2.0","id":1,"result":{"content":[]}}');
    });
  });
  const port = await listenOn(server, { host: host, port: 0 });
  return {
    port,
    calls: () => calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
