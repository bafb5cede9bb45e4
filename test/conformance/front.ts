import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http';
import { listenOn } from '../../packages/base/src/index.ts';

export interface Front extends AsyncDisposable {
  readonly url: string;
}

/**
 * Passes everything on as it is, each request to the next target, with headers added that say who calls: the suite cannot
 * send a credential, and a proxy that the network trusts is one way to give it an identity.
 */
export async function startFront(targets: readonly URL[], identity: Readonly<Record<string, string>>): Promise<Front> {
  const added = Object.entries(identity).flat();
  let turn = 0;
  const server = createServer((incoming, response) => {
    const target = targets[turn++ % targets.length];
    if (target === undefined) response.destroy();
    else passOn(incoming, response, target, added);
  });
  const port = await listenOn(server);
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function passOn(incoming: IncomingMessage, response: ServerResponse, target: URL, added: readonly string[]): void {
  const { method = '', url = '', rawHeaders } = incoming;
  const outgoing = request(new URL(url, target), { method, headers: [...rawHeaders, ...added] });
  outgoing.once('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    response.flushHeaders();
    answer.pipe(response);
    answer.once('error', () => response.destroy());
  });
  outgoing.once('error', () => response.destroy());
  response.once('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}
