import { constants } from 'node:crypto';
import { type RequestListener, type ServerOptions } from 'node:http';
import { type Server, createServer } from 'node:https';
import { type SecureContextOptions, type TLSSocket } from 'node:tls';
import { METRICS } from '@mcp-runtime/api';
import { type Logger, type Running, closeOnce } from '@mcp-runtime/base';
import { type Counter, type Metrics } from '@mcp-runtime/base/metrics';
import { type Peers, createPeers } from './peer.ts';
import { type TlsMaterial, type TlsPaths, type TlsStatus, openTlsFiles } from './tls-files.ts';

export interface TlsOptions {
  readonly files: TlsPaths;
  /**
   * `optional`: a connection without a certificate that counts is served, and refused by each route that needs one, with a
   * record. `required`: it ends in the handshake, without one.
   */
  readonly clientCertificates: 'optional' | 'required';
}

/** Makes listeners whose certificate and authorities follow their files. */
export interface TlsListeners extends Running {
  createServer(http: ServerOptions, listener: RequestListener): Server;
  readonly peers: Peers;
  status(): TlsStatus;
}

interface TlsPorts {
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly limits: {
    /** Time for a handshake, milliseconds. */
    readonly handshakeTimeoutMs: number;
    /** Handshakes in progress at once. */
    readonly maxHandshakes: number;
  };
}

/** HTTP/1.1 over TLS 1.2 and later. Rejects with `invalid_config` when the files are not whole. */
export async function openTls(options: TlsOptions, { metrics, log, limits }: TlsPorts): Promise<TlsListeners> {
  const servers = new Set<Server>();
  const reloads = metrics.counter(METRICS.tlsReloads);
  const notAfter = metrics.gauge(METRICS.tlsNotAfter);
  const failures = metrics.counter(METRICS.tlsFailures);
  const files = await openTlsFiles({
    paths: options.files,
    log,
    onReload: (outcome) => {
      reloads.inc({ outcome });
      if (outcome === 'ok') renew();
    },
  });
  const peers = createPeers(files);
  const tellEnd = (): void => notAfter.set(files.current().notAfter.getTime() / 1000);
  tellEnd();

  /** Connections go on under what they began with. */
  function renew(): void {
    tellEnd();
    for (const server of servers) server.setSecureContext(contextOf(files.current()));
  }

  return {
    ...closeOnce(() => files.close()),
    peers,
    status: () => files.status(),
    createServer: (http, listener) => {
      const context = contextOf(files.current());
      const server = createServer(
        {
          ...http,
          ...context,
          handshakeTimeout: limits.handshakeTimeoutMs,
          ALPNProtocols: ['http/1.1'],
          requestCert: context.ca !== undefined,
          rejectUnauthorized: options.clientCertificates === 'required',
        },
        listener,
      );
      servers.add(server);
      server.on('close', () => servers.delete(server));
      server.on('secureConnection', (socket: TLSSocket) => peers.remember(socket));
      limitHandshakes(server, limits.maxHandshakes, failures);
      return server;
    },
  };
}

/** What one context of a listener is made of. A resumed session would carry on what an older one had verified. */
function contextOf({ context }: TlsMaterial): SecureContextOptions {
  const always = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE;
  const secureOptions = context.ca === undefined ? always : always | constants.SSL_OP_NO_TICKET;
  return { ...context, minVersion: 'TLSv1.2', secureOptions };
}

/** Handshakes cost before anybody is known: there are so many at once, and no more. */
function limitHandshakes(server: Server, max: number, failures: Counter): void {
  let underway = 0;
  server.on('connection', (socket) => {
    underway += 1;
    if (underway <= max) return;
    failures.inc({ reason: 'overloaded' });
    socket.destroy();
  });
  server.on('secureConnection', () => (underway -= 1));
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => {
    underway -= 1;
    failures.inc({ reason: error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? 'timeout' : 'failed' });
  });
}
