import { once } from 'node:events';
import { createServer } from 'node:http';

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
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    calls: () => calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
