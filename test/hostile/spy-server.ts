import { once } from 'node:events';
import { type IncomingHttpHeaders, type ServerResponse, createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { listenOn } from '../../packages/base/src/index.ts';

/** One request as the server behind the gateway saw it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface SpyServer extends AsyncDisposable {
  readonly url: URL;
  readonly seen: readonly Seen[];
}

export type Respond = (seen: Seen, response: ServerResponse) => void;

/** A server that keeps what it is asked, byte for byte. It opens an MCP session for everybody who says hello. */
export async function startSpyServer(respond: Respond = answerAsUsual): Promise<SpyServer> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body };
      seen.push(one);
      respond(one, response);
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

const Question = z.object({ id: z.union([z.string(), z.number()]).optional(), method: z.string().optional() });
let sessions = 0;
/** It takes requests of either era. */
const DISCOVERED = {
  supportedVersions: ['2026-07-28', '2025-11-25'],
  capabilities: {},
  ttlMs: 0,
  cacheScope: 'private',
};

function answerAsUsual({ body }: Seen, response: ServerResponse): void {
  const { id, method } = body.length === 0 ? {} : Question.parse(JSON.parse(body.toString('utf8')));
  const opened = method === 'initialize' ? { 'mcp-session-id': `session-${(sessions += 1)}` } : {};
  response.writeHead(id === undefined ? 202 : 200, { 'content-type': 'application/json', ...opened });
  response.end(
    id === undefined
      ? ''
      : JSON.stringify({ jsonrpc: '2.0', id, result: method === 'server/discover' ? DISCOVERED : { content: [] } }),
  );
}
