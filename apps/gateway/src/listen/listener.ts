import { type IncomingMessage, type RequestListener, type Server, ServerResponse, createServer } from 'node:http';
import { type Server as TlsServer } from 'node:https';
import { type Duplex } from 'node:stream';
import { Server as NetServer, type Socket } from 'node:net';
import { AppError, type ErrorCode } from '@mcp-runtime/api';
import { type ListenAddress, closeOnce, errnoOf, listenOn } from '@mcp-runtime/base';
import { type Drainable } from './drain.ts';
import { type Refusal } from '../record/refusals.ts';
import { type TlsListeners } from '../tls/open-tls.ts';

interface ListenOptions {
  /** Time for a client to send its head and body, milliseconds. */
  readonly requestTimeoutMs: number;
  /** Told of what never becomes a request: it has been answered already. */
  readonly onRefused: (refusal: Refusal) => void;
  /** Without it the listener speaks plain HTTP. */
  readonly tls?: TlsListeners | undefined;
}

export interface Listening extends Drainable {
  readonly server: Server | TlsServer;
  /** Such as `http://127.0.0.1:7400`. */
  readonly url: string;
}

/** For answers that are written already to reach their clients. */
const LAST_BYTES_MS = 2000;
const END_IDLE_MS = 50;

/** Rejects with `port_in_use` or `invalid_config`. */
export async function openListener(
  listener: RequestListener,
  { host, port }: ListenAddress,
  { requestTimeoutMs, onRefused, tls }: ListenOptions,
): Promise<Listening> {
  const http = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(requestTimeoutMs, 10_000),
    connectionsCheckingInterval: Math.min(requestTimeoutMs, 5000),
    keepAliveTimeout: 65_000,
    maxHeaderSize: 32 * 1024,
    noDelay: true,
    // Node would refuse a request without Host by itself, and nobody would know; `handle` does.
    requireHostHeader: false,
  };
  const server: Server | TlsServer =
    tls === undefined ? createServer(http, listener) : tls.createServer(http, listener);
  server.on('clientError', (error, socket) => refuseUnreadable(error, socket, onRefused));
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    // From here on Node looks after the connection no more: an error that nobody hears ends the process.
    socket.on('error', () => socket.destroy());
    onRefused({ reason: 'method_not_allowed', method: 'CONNECT', ...peerOf(request.socket) });
    endWith(socket, '405 Method Not Allowed');
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    onRefused({ reason: 'invalid_request', status: 417, method: request.method ?? '', ...peerOf(request.socket) });
    response.writeHead(417, { connection: 'close' }).end();
  });
  const actual = await listenOn(server, { host, port }).catch((cause: unknown) => {
    throw listenError(cause, host, port);
  });
  const name = host.includes(':') ? `[${host.replaceAll(/[[\]]/g, '')}]` : host;
  const url = `${tls === undefined ? 'http' : 'https'}://${name}:${actual}`;
  return { server, url, ...drainable(server) };
}

function drainable(server: Server | TlsServer): Drainable {
  let gone: Promise<void> | undefined;
  const stopAccepting = (courtesyMs = 0): Promise<void> => {
    if (gone !== undefined) return gone;
    gone = new Promise((resolve) => server.once('close', resolve));
    // The server's own `close` would end idle connections at once.
    NetServer.prototype.close.call(server);
    let idle: NodeJS.Timeout | undefined;
    const courtesy = setTimeout(() => {
      server.close();
      // A connection is idle when its answer has gone out: only then can it be ended without losing anything.
      idle = setInterval(() => server.closeIdleConnections(), END_IDLE_MS);
    }, courtesyMs);
    return (gone = gone.finally(() => {
      clearTimeout(courtesy);
      clearInterval(idle);
    }));
  };
  const running = closeOnce(async () => {
    const ended = stopAccepting();
    server.close();
    const late = setTimeout(() => server.closeAllConnections(), LAST_BYTES_MS);
    await ended;
    clearTimeout(late);
  });
  return { ...running, stopAccepting };
}

export function peerOf({ remoteAddress }: Socket): Pick<Refusal, 'clientAddress'> {
  return remoteAddress === undefined ? {} : { clientAddress: remoteAddress };
}

interface Unreadable {
  readonly reason: ErrorCode;
  readonly status: number;
  readonly line: string;
}

const TOO_LATE: Unreadable = { reason: 'request_timeout', status: 408, line: '408 Request Timeout' };
const MALFORMED: Unreadable = { reason: 'invalid_request', status: 400, line: '400 Bad Request' };
const UNREADABLE: Readonly<Record<string, Unreadable>> = {
  ERR_HTTP_REQUEST_TIMEOUT: TOO_LATE,
  HPE_HEADER_OVERFLOW: {
    reason: 'request_too_large',
    status: 431,
    line: '431 Request Header Fields Too Large',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { reason: 'request_too_large', status: 413, line: '413 Payload Too Large' },
};

/** What cannot be read as HTTP, or did not arrive in time. A connection that broke, or on which nothing came, asked for nothing. */
function refuseUnreadable(error: Error, socket: Duplex, onRefused: ListenOptions['onRefused']): void {
  const code = errnoOf(error) ?? '';
  const isConnectionGone = !code.startsWith('HPE_') && code !== 'ERR_HTTP_REQUEST_TIMEOUT';
  if (isConnectionGone || !isSocket(socket)) {
    socket.destroy();
    return;
  }
  // The rest of what was refused.
  if (socket.writableEnded) return;
  const { reason, status, line } = UNREADABLE[code] ?? MALFORMED;
  const current = currentOn(socket);
  // A request whose body breaks off is an exchange already, which tells of itself.
  const isToldOf = current !== undefined && !current.req.complete;
  if (!isToldOf && socket.bytesRead > 0) onRefused({ reason, status, ...peerOf(socket) });
  if (current?.headersSent === true) socket.destroy();
  else endWith(socket, line);
}

/** The answer that is under way on a connection. Node has no public way to ask, and an error must not land inside one. */
function currentOn(socket: Socket): ServerResponse | undefined {
  const current: unknown = Reflect.get(socket, '_httpMessage');
  return current instanceof ServerResponse ? current : undefined;
}

function isSocket(stream: Duplex): stream is Socket {
  return 'bytesRead' in stream;
}

function endWith(socket: Duplex, statusLine: string): void {
  socket.end(`HTTP/1.1 ${statusLine}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

function listenError(cause: unknown, host: string, port: number): AppError {
  if (errnoOf(cause) === 'EADDRINUSE') {
    return new AppError('port_in_use', `port ${port} on \`${host}\` is in use`, {
      next: `stop the other program, or choose another port with --listen ${host}:PORT`,
    });
  }
  return new AppError('invalid_config', `cannot listen on \`${host}:${port}\``, { cause });
}
