import { once } from 'node:events';
import { Agent, type IncomingMessage, type ServerResponse, createServer, request as startRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type ListenAddress, type Running, closeOnce, listenOn } from '@mcp-runtime/base';

interface ForwarderOptions {
  readonly listen: ListenAddress;
  /** Where the server listens. */
  readonly upstream: { readonly host: string; readonly port: number };
}

/** Below the five seconds after which many servers close a connection that nobody uses. */
const IDLE_MS = 3000;
/** Above the time for which gateways keep one. */
const KEEP_ALIVE_MS = 75_000;
/** For calls in progress when it is closed. */
const DRAIN_MS = 10_000;
const POLL_MS = 25;
/** Of one connection (RFC 9110 §7.6.1), and the name of the host, which the server knows by another. */
const OF_CONNECTION = new Set([
  'connection',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Serves what a server on loopback serves, on another address, byte for byte as it comes. Servers see a request for the
 * address that they listen on: many refuse the name of any other host, against DNS rebinding.
 */
export async function startForwarder({ listen, upstream }: ForwarderOptions): Promise<Running> {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS });
  const calls = new Set<ServerResponse>();

  function forward(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'GET') calls.add(response);
    const { method, url: path } = request;
    const headers = [...passedOn(request.rawHeaders), 'Host', `${upstream.host}:${upstream.port}`];
    const onward = startRequest({ ...upstream, agent, method, path, headers, setDefaultHeaders: false });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, passedOn(answer.rawHeaders));
      // Says that the answer has begun before its first byte: an event stream may be silent for long.
      response.flushHeaders();
      answer.on('error', () => response.destroy()).pipe(response);
    });
    onward.on('error', () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
    response.on('close', () => {
      calls.delete(response);
      if (!response.writableFinished) onward.destroy();
    });
    request.on('error', () => onward.destroy());
    if (bodyFollows(request)) request.pipe(onward);
    else onward.end();
  }

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, forward);
  await listenOn(server, listen);
  return closeOnce(async () => {
    const closed = once(server, 'close');
    server.close();
    for (let waited = 0; calls.size > 0 && waited < DRAIN_MS; waited += POLL_MS) await delay(POLL_MS);
    server.closeAllConnections();
    await closed;
    agent.destroy();
  });
}

/** Names and values in turn, as they were sent. */
function passedOn(rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter((_, index) => !OF_CONNECTION.has((rawHeaders[index - (index % 2)] ?? '').toLowerCase()));
}

function bodyFollows({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}
