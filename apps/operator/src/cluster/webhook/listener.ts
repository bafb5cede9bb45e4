import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Server, createServer } from 'node:https';
import { type Logger } from '@mcp-runtime/base';
import { type Served } from './certificate/keeper.ts';
import { type Proposed, type Verdict } from './judge.ts';
import { readReview, writeReview } from './review.ts';

/** Two objects of the largest size that etcd takes (1.5 MiB), as JSON with its escapes. */
const MOST_BYTES = 8 * 1024 * 1024;
const PATH = /^\/validate\/([a-z]+)(?:\?.*)?$/;
/** The API server waits for 5 s, as its configuration says. */
const REQUEST_MS = 5_000;
const MOST_CONNECTIONS = 256;

/** Answers the API server. A question that cannot be read is answered 400, and what the configuration says happens. */
export function createListener(served: Served, judge: (proposed: Proposed) => Verdict, log: Logger): Server {
  const server = createServer({
    ...tlsOf(served),
    requestTimeout: REQUEST_MS,
    headersTimeout: REQUEST_MS,
    maxHeaderSize: 16_384,
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response, judge).catch((error: unknown) => {
      log.error('review failed', { error });
      send(response, 500, 'text/plain', 'the review failed; the log of the operator says why');
    });
  });
  // A client that goes away, or is none: nothing of ours.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('clientError', (_error, socket) => socket.destroy());
  return server;
}

export function tlsOf({ certificate, key }: Served): {
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.2';
} {
  return { cert: certificate, key, minVersion: 'TLSv1.2' };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  judge: (proposed: Proposed) => Verdict,
): Promise<void> {
  const resource = PATH.exec(request.url ?? '')?.[1];
  if (resource === undefined) return send(response, 404, 'text/plain', 'reviews are at /validate/RESOURCE');
  if (request.method !== 'POST') return send(response, 405, 'text/plain', 'reviews are asked with POST');
  const body = await bodyOf(request);
  if (body === undefined) return send(response, 413, 'text/plain', `a review is at most ${MOST_BYTES} bytes long`);
  const review = readReview(body, resource);
  if ('fault' in review) return send(response, 400, 'text/plain', review.fault);
  send(response, 200, 'application/json', writeReview(review.uid, judge(review.proposed)));
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    length += chunk.length;
    if (length > MOST_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  if (response.headersSent) return;
  // What is left of a body that is too long is not read.
  response.writeHead(status, { 'content-type': type, ...(status === 413 ? { connection: 'close' } : {}) });
  response.end(text);
}
