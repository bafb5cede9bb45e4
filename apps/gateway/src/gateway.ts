import { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type Clock, type Logger, OpenedSoFar, type Running, closeOnce } from '@mcp-runtime/base';
import { serveAdmin } from './admin.ts';
import { type AuditSink } from './audit.ts';
import { createUpstreamEras } from './eras/upstream-eras.ts';
import { createWays } from './eras/ways.ts';
import { externalUrlOf, hostPolicyOf } from './external-url.ts';
import { type GatewayParts, handle } from './handle.ts';
import { createOauthVerifier } from './identify/oauth-verifier.ts';
import { type TokenKeySource } from './identify/token-keys.ts';
import { createTokenVerifier } from './identify/token-verifier.ts';
import { addressRanges } from './address-ranges.ts';
import { type Address, listenOn } from './listener.ts';
import { createGatewayMetrics } from './metrics.ts';
import { createOpenExchanges } from './open-exchanges.ts';
import { type Refusal, createRefusalLog } from './refusals.ts';
import { type RouteTable, createRouteTable } from './route.ts';
import { createSessionSeal } from './session-seal.ts';
import { createHttpUpstream } from './upstream/http.ts';

export interface GatewayLimits {
  readonly maxBodyBytes: number;
  /** Requests in progress at once, open streams included. */
  readonly maxInFlight: number;
  readonly maxStreams: number;
  /** Longest silence of a server while a request waits, milliseconds. */
  readonly answerTimeoutMs: number;
  /** Time for a client to send its head and body, milliseconds. */
  readonly requestTimeoutMs: number;
}

export const DEFAULT_LIMITS: GatewayLimits = {
  maxBodyBytes: 4 * 1024 * 1024,
  maxInFlight: 2048,
  maxStreams: 12_000,
  answerTimeoutMs: 300_000,
  requestTimeoutMs: 30_000,
};

export interface GatewayOptions {
  readonly listen: Address;
  /** Where probes and metrics are served; beside the routes unless given. */
  readonly adminListen?: Address;
  /**
   * Under which clients reach the gateway, such as `https://mcp.example.com`: with the path of a route it is the name of
   * that endpoint towards OAuth issuers. The URL of `listen` unless given.
   */
  readonly externalUrl?: string;
  readonly trustHeadersFrom: readonly string[];
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Public keys of who issues session tokens. */
  readonly tokenKeys: TokenKeySource;
  /**
   * Keys that MCP session ids are sealed with, 32 bytes each: the first seals, all open. One for the life of the process unless
   * given; replicas that share them serve each other's sessions.
   */
  readonly sessionKeys?: readonly Buffer[];
  readonly audit: AuditSink;
  readonly limits: GatewayLimits;
  readonly clock: Clock;
  readonly log: Logger;
  /** More for `/config/status`. */
  readonly status?: () => Readonly<Record<string, unknown>>;
}

export interface Gateway extends Running {
  /** Such as `http://127.0.0.1:7400`. */
  readonly url: string;
  readonly adminUrl: string;
  readonly routes: RouteTable;
}

const SESSION_KEY_BYTES = 32;
const MAX_LIST_BYTES = 16 * 1024 * 1024;
const MAX_EVENT_BYTES = 16 * 1024 * 1024;
const SWEEP_MS = 5000;
const DRAIN_MS = 2000;

/** Starts a gateway without routes. Rejects with `port_in_use` or `invalid_config`. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { listen, adminListen, clock, limits, log } = options;
  let externalUrl = externalUrlOf(options)?.href ?? '';
  const opened = new OpenedSoFar();
  const upstream = createHttpUpstream(clock);
  opened.add(() => upstream.close());
  const eras = createUpstreamEras({ upstream, isHttpSse: async () => false }, clock);
  const ways = createWays({ upstream, eras, bridges: {} });
  opened.add(() => ways.close());
  const oauth = createOauthVerifier({ clock, log });
  opened.add(() => oauth.close());
  const routes = createRouteTable();
  const metrics = createGatewayMetrics();
  const open = createOpenExchanges(clock);
  const refusals = createRefusalLog({
    audit: options.audit,
    source: 'gateway',
    clock,
    log,
    onLost: () => metrics.lostRecords.inc(),
  });
  opened.add(() => refusals.close());
  const parts: GatewayParts = {
    externalUrl: () => externalUrl,
    oauth,
    routes,
    metrics,
    tokens: createTokenVerifier(options.tokenKeys, clock),
    isTrusted: addressRanges(options.trustHeadersFrom),
    hosts: hostPolicyOf(options),
    audit: options.audit,
    refusals,
    clock,
    log,
    limits,
    forwarding: {
      ways,
      open,
      seal: createSessionSeal(options.sessionKeys ?? [randomBytes(SESSION_KEY_BYTES)]),
      limits: { answerTimeoutMs: limits.answerTimeoutMs, maxListBytes: MAX_LIST_BYTES, maxEventBytes: MAX_EVENT_BYTES },
    },
  };
  const admin = { routes, metrics: metrics.registry, audit: options.audit, status: options.status ?? (() => ({})) };
  const serveRoute = (request: IncomingMessage, response: ServerResponse): void =>
    void handle(request, response, parts);
  const serveAdminOr = (next: typeof serveRoute) => (request: IncomingMessage, response: ServerResponse) => {
    if (!ADMIN_PATHS.has(request.url ?? '')) next(request, response);
    else
      serveAdmin(request, response, admin).catch((error: unknown) => log.error('an admin request failed', { error }));
  };
  const listening = {
    requestTimeoutMs: limits.requestTimeoutMs,
    onRefused: (refusal: Refusal) => {
      metrics.unrouted.inc({ reason: refusal.reason });
      void refusals.record(refusal);
    },
  };
  try {
    const main = await listenOn(adminListen === undefined ? serveAdminOr(serveRoute) : serveRoute, listen, listening);
    externalUrl ||= main.url;
    opened.add(() => drain(main.server));
    opened.add(() => open.closeAll());
    const other = adminListen && (await listenOn(serveAdminOr(notFound), adminListen, listening));
    if (other !== undefined) opened.add(() => drain(other.server));
    const sweeper = setInterval(() => open.sweep(clock()), SWEEP_MS).unref();
    opened.add(() => clearInterval(sweeper));
    const running = closeOnce(() => opened.releaseAll());
    return { ...running, url: main.url, adminUrl: (other ?? main).url, routes };
  } catch (error) {
    await opened.releaseAll();
    throw error;
  }
}

const ADMIN_PATHS: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics', '/config/status']);

function notFound(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(404).end();
}

/** No new connections; those that are idle end at once, the others get a moment. */
async function drain(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const late = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(late);
}
