import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { listenOn } from '@mcp-runtime/base';
import { PROBE_CLIENT } from '../eras/probe.ts';

/** One request as a server behind the gateway saw it. */
export interface Seen {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface TestUpstream extends AsyncDisposable {
  readonly url: URL;
  readonly seen: readonly Seen[];
}

export type Answer = (seen: Seen, response: ServerResponse, request: IncomingMessage) => void;

/**
 * A server that keeps what it was asked, byte for byte, and answers as the test says. It says for itself that it speaks both
 * eras, without a trace in what it has seen, unless the test wants to answer that, too.
 */
export async function startTestUpstream(
  answer: Answer,
  probes: 'answered' | 'seen' = 'answered',
): Promise<TestUpstream> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      if (probes === 'answered' && body.includes(PROBE_CLIENT.name)) {
        sendJson(response, { jsonrpc: '2.0', id: 1, result: { supportedVersions: ['2026-07-28', '2025-11-25'] } });
        return;
      }
      const one = { method: request.method ?? '', headers: request.headers, body };
      seen.push(one);
      answer(one, response, request);
    });
  });
  const port = await listenOn(server);
  return {
    url: new URL(`http://127.0.0.1:${port}/mcp`),
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export function sendJson(
  response: ServerResponse,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
