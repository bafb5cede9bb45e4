import { Agent as HttpAgent, type IncomingMessage, type RequestOptions, request as httpRequest } from 'node:http';
import { Agent, type AgentOptions, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import { AppError } from '@mcp-runtime/api';
import { errnoOf } from '@mcp-runtime/base';
import { type ClusterAccess, type Credential, type Trust } from './access.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, escaped. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the request, and the answer while it is being read. */
  readonly signal: AbortSignal;
}

/** Sends requests to one API server over connections that it keeps. */
export interface Transport {
  /** Resolves with the head of the answer. Rejects with `service_unavailable` when there is no connection. */
  send(request: HttpRequest): Promise<IncomingMessage>;
  close(): void;
}

const MAX_SOCKETS = 64;
/** Kept connections that may turn out to be closed before one request fails. */
const MAX_STALE = 3;
const KEEP_ALIVE_MS = 30_000;

/** Connections are made anew when the client certificate, or what the server is trusted by, has changed. */
export function createTransport(access: ClusterAccess): Transport {
  let current: { readonly agent: HttpAgent; readonly trust: Trust; readonly credential: Credential } | undefined;
  const agentFor = (trust: Trust, credential: Credential): HttpAgent => {
    if (current === undefined || !isSameIdentity(current, { trust, credential })) {
      current = { agent: createAgent(access.server, trust, credential), trust, credential };
    }
    return current.agent;
  };
  const attempt = async (request: HttpRequest): Promise<IncomingMessage> => {
    const [trust, credential] = await Promise.all([access.trust(), access.credential()]);
    return await sendOnce(access.server, agentFor(trust, credential), credential, request);
  };
  return {
    send: async (request) => {
      for (let stale = 0; ; stale++) {
        try {
          return await attempt(request);
        } catch (error) {
          if (!(error instanceof StaleConnection)) throw error;
          if (stale === MAX_STALE) throw unreachable(access.server, error.cause);
        }
      }
    },
    close: () => current?.agent.destroy(),
  };
}

/** The server closed a kept connection while the request was on its way, so it did not see it. */
class StaleConnection extends Error {}

function sendOnce(
  server: URL,
  agent: HttpAgent,
  credential: Credential,
  { method, target, headers, body, signal }: HttpRequest,
): Promise<IncomingMessage> {
  const options: RequestOptions = {
    agent,
    method,
    // A base path is that of a proxy, such as the one of a hosting provider.
    path: `${server.pathname.replace(/\/$/, '')}${target}`,
    host: hostOf(server),
    port: server.port === '' ? undefined : server.port,
    headers: { ...headers, ...ownHeaders(credential), ...bodyHeaders(body) },
    signal,
  };
  return new Promise((resolve, reject) => {
    const send = server.protocol === 'http:' ? httpRequest : httpsRequest;
    const request = send(options, resolve);
    request.on('error', (error) => {
      const isStale = request.reusedSocket && errnoOf(error) === 'ECONNRESET' && REPEATABLE.includes(method);
      reject(isStale ? new StaleConnection('stale', { cause: error }) : unreachable(server, error));
    });
    request.end(body);
  });
}

/** What may be done twice, should the server have seen it after all: an apply and a deletion among them. */
const REPEATABLE: readonly HttpRequest['method'][] = ['GET', 'PATCH', 'DELETE'];

/** Host name or address of a URL, as sockets take it. */
function hostOf(server: URL): string {
  return server.hostname.replaceAll(/^\[|\]$/g, '');
}

/** A connection that fails, at any time, as an AppError. */
export function unreachable(server: URL, error: unknown): unknown {
  if (error instanceof Error && error.name === 'AbortError') return error;
  const why = errnoOf(error) ?? (error instanceof Error ? error.message : 'unknown error');
  return new AppError('service_unavailable', `the Kubernetes API at \`${server.host}\` cannot be reached: ${why}`, {
    cause: error,
    next: 'check that the cluster is up and that the kubeconfig names it',
  });
}

function createAgent(server: URL, trust: Trust, { cert, key }: Credential): HttpAgent {
  const keep = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, maxSockets: MAX_SOCKETS, scheduling: 'lifo' } as const;
  if (server.protocol === 'http:') return new HttpAgent(keep);
  return new Agent({
    ...keep,
    ...(trust.ca !== undefined && { ca: trust.ca }),
    ...(trust.serverName !== undefined && namedServer(trust.serverName)),
    ...(trust.verify === 'never' && { rejectUnauthorized: false }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  });
}

/** Addresses are not sent as a server name (RFC 6066 §3), but certificates may be for them. */
function namedServer(name: string): AgentOptions {
  return {
    ...(isIP(name) === 0 && { servername: name }),
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
  };
}

interface Identity {
  readonly trust: Trust;
  readonly credential: Credential;
}

function isSameIdentity(a: Identity, b: Identity): boolean {
  return (
    a.trust.ca === b.trust.ca &&
    a.trust.serverName === b.trust.serverName &&
    a.trust.verify === b.trust.verify &&
    a.credential.cert === b.credential.cert &&
    a.credential.key === b.credential.key
  );
}

function ownHeaders({ headers }: Credential): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
}

function bodyHeaders(body: string | undefined): Record<string, number> {
  return body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
}
