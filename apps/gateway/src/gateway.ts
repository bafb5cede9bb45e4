import { type RequestListener } from 'node:http';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import {
  type Clock,
  type HostPolicy,
  type ListenAddress,
  type Logger,
  OpenedSoFar,
  type Running,
  type Tracer,
  closeOnce,
} from '@mcp-runtime/base';
import { serveAdmin } from './listen/admin.ts';
import { type AuditSink } from './record/audit.ts';
import { createBodies } from './bodies.ts';
import { type BridgeLimits } from './eras/legacy-to-modern/bridge.ts';
import { type PooledLimits } from './eras/modern-to-legacy/bridge.ts';
import { openWays } from './eras/open-ways.ts';
import { externalUrlOf, hostPolicyOf } from './listen/external-url.ts';
import { type PolicySourceState, measurePropagation, observeGateway } from './record/gauges.ts';
import { type GatewayParts, handle, pathOf } from './handle.ts';
import { createHops } from './identify/hops.ts';
import { createOauthVerifier } from './identify/oauth-verifier.ts';
import { createPossessionChecker } from './identify/possession.ts';
import { type TokenKeySource } from './identify/token-keys.ts';
import { createTokenVerifier } from './identify/token-verifier.ts';
import { drain } from './listen/drain.ts';
import { openListener } from './listen/listener.ts';
import { type GatewayMetrics, createGatewayMetrics } from './record/metrics.ts';
import { createOpenExchanges } from './open-exchanges.ts';
import { ANYWHERE, PUBLIC_ONLY } from './outbound/reach.ts';
import { whyNotReady } from './listen/readiness.ts';
import { createLimiter } from './limits/limiter.ts';
import { type Refusal, createRefusalLog } from './record/refusals.ts';
import { type RouteTable, createRouteTable } from './routes/route.ts';
import { type ReadSecret } from './secrets.ts';
import { holdSealKeys } from './seal/seal.ts';
import { createActivity } from './sleep/activity.ts';
import { type SessionSeal, createSessionSeal } from './seal/session-seal.ts';
import { type TlsOptions, openTls } from './tls/open-tls.ts';
import { NO_PEERS } from './tls/peer.ts';
import { createTaskSeal } from './seal/task-seal.ts';
import { createTokenExchange } from './upstream-auth/token-exchange.ts';
import { type ConnectRules } from './upstream/connection.ts';
import { sumOf } from './upstream/http.ts';
import { refuseUnrouted } from './listen/unrouted.ts';

export interface GatewayLimits {
  readonly maxBodyBytes: number;
  /** Requests in progress at once. */
  readonly maxInFlight: number;
  /** Streams without an end of their own at once: those of legacy sessions, and subscriptions. */
  readonly maxStreams: number;
  /** Longest silence of a server while a request waits, milliseconds. */
  readonly answerTimeoutMs: number;
  /** Longest silence of a server on an event stream, milliseconds; 0 is no limit. */
  readonly streamTimeoutMs: number;
  /** How long a call goes on whose legacy caller went away, which does not cancel it, milliseconds; 0 is no limit. */
  readonly abandonedTimeoutMs: number;
  /** After how much silence the caller of an event stream gets a comment, milliseconds; 0 is never. */
  readonly keepAliveMs: number;
  /** Time for a client to send its head and body, milliseconds. */
  readonly requestTimeoutMs: number;
  /** How long a call waits for a server that sleeps, milliseconds. */
  readonly wakeTimeoutMs: number;
  /** Calls that wait for one such server at once. */
  readonly maxWaking: number;
  /** Time for a TLS handshake, milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** TLS handshakes in progress at once. */
  readonly maxHandshakes: number;
}

export const DEFAULT_LIMITS: GatewayLimits = {
  maxBodyBytes: 4 * 1024 * 1024,
  maxInFlight: 2048,
  maxStreams: 12_000,
  answerTimeoutMs: 300_000,
  streamTimeoutMs: 0,
  abandonedTimeoutMs: 300_000,
  keepAliveMs: 15_000,
  requestTimeoutMs: 30_000,
  wakeTimeoutMs: 60_000,
  maxWaking: 512,
  handshakeTimeoutMs: 10_000,
  maxHandshakes: 1024,
};

export interface GatewayOptions {
  readonly listen: ListenAddress;
  /** For `listen`, which speaks plain HTTP without it; `adminListen` always does. */
  readonly tls?: TlsOptions;
  /** Where probes and metrics are served; beside the routes unless given. */
  readonly adminListen?: ListenAddress;
  /** Where the runtime's own readiness check calls, over plain HTTP; at `listen` unless given. Nobody else is served there. */
  readonly probeListen?: ListenAddress;
  /**
   * Under which clients reach the gateway, such as `https://mcp.example.com`: with the path of a route it is the name of
   * that endpoint towards OAuth issuers. The URL of `listen` unless given.
   */
  readonly externalUrl?: string;
  /** Source ranges whose identity headers are believed. */
  readonly trustHeadersFrom: readonly string[];
  /** A plain listener that only the hop in front can reach: identity headers that come to it are believed. */
  readonly trustedListen?: ListenAddress;
  /**
   * SPIFFE id of the proxy in front, by its client certificate: its identity headers are believed, and for servers in mode
   * `mtls` it alone is, with the identity that it verified.
   */
  readonly trustedProxy?: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Public keys of who issues session tokens. */
  readonly tokenKeys: TokenKeySource;
  /** Values that policies name; there are none unless given. */
  readonly readSecret?: ReadSecret;
  /**
   * Keys that ids of MCP sessions and tasks are sealed with, 32 bytes each: the first seals, all open. One for the life of
   * the process unless given; replicas that share them serve each other's sessions.
   */
  readonly sessionKeys?: readonly Buffer[];
  /** Where servers may be that their owners name (`Route.upstreamFrom`): on the internet unless given. */
  readonly remoteServers?: ConnectRules;
  readonly audit: AuditSink;
  readonly limits: GatewayLimits;
  /** When it closes, calls in progress may go on for so long, milliseconds; they end at once unless given. */
  readonly drainMs?: number;
  /** For legacy clients at servers of MCP 2026-07-28. */
  readonly bridgeLimits?: Partial<BridgeLimits>;
  /** Of sessions at legacy servers that are kept for callers of MCP 2026-07-28, and of their calls that wait. */
  readonly pooledLimits?: PooledLimits;
  /** Nothing is traced unless given. */
  readonly tracer?: Tracer;
  /** Where routes and policies come from, when that is something which can be away. */
  readonly policySource?: { readonly state: () => PolicySourceState; readonly hasSynced: () => boolean };
  readonly clock: Clock;
  readonly log: Logger;
  /** More for `/config/status`. */
  readonly status?: () => Readonly<Record<string, unknown>>;
}

export interface Gateway extends Running {
  /** Such as `http://127.0.0.1:7400`. */
  readonly url: string;
  readonly adminUrl: string;
  readonly probeUrl: string;
  /** Of `trustedListen`. */
  readonly trustedUrl: string | undefined;
  readonly routes: RouteTable;
  /**
   * Puts other settings to use, for the next request. What is in progress goes on as it began.
   * @throws AppError `invalid_config` for a session key that is none; then nothing changes.
   */
  reload(settings: Reloadable): void;
}

/** What can change while connections are open. */
export interface Reloadable {
  readonly sessionKeys?: readonly Buffer[];
  readonly limits: GatewayLimits;
}

const NO_SECRETS: ReadSecret = async () => undefined;
const SESSION_KEY_BYTES = 32;
const MAX_LIST_BYTES = 16 * 1024 * 1024;
const MAX_EVENT_BYTES = 16 * 1024 * 1024;
const SWEEP_MS = 500;

/** Starts a gateway without routes. Rejects with `port_in_use` or `invalid_config`. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const opened = new OpenedSoFar();
  try {
    return await openGateway(options, opened);
  } catch (error) {
    await opened.releaseAll();
    throw error;
  }
}

async function openGateway(options: GatewayOptions, opened: OpenedSoFar): Promise<Gateway> {
  const { listen, adminListen, probeListen, trustedListen, clock, log } = options;
  const limits = { ...options.limits, maxListBytes: MAX_LIST_BYTES, maxEventBytes: MAX_EVENT_BYTES };
  let isDraining = false;
  let externalUrl = externalUrlOf(options)?.href ?? '';
  const metrics = createGatewayMetrics();
  const tls = options.tls && (await openTls(options.tls, { metrics: metrics.registry, log, limits }));
  opened.add(() => tls?.close());
  const hops = createHops({
    ranges: options.trustHeadersFrom,
    proxy: options.trustedProxy,
    peers: tls?.peers ?? NO_PEERS,
  });
  const sessionKeys = holdSealKeys(options.sessionKeys ?? [randomBytes(SESSION_KEY_BYTES)]);
  const seal = createSessionSeal(sessionKeys);
  const ownersReach = options.remoteServers ?? { reach: PUBLIC_ONLY };
  const { bridgeLimits = {}, pooledLimits = {} } = options;
  const wayPorts = { clock, log, sealKeys: sessionKeys, bridgeLimits, pooledLimits };
  const ways = {
    operator: openWays({ ...wayPorts, connect: { reach: ANYWHERE } }, opened),
    owner: openWays({ ...wayPorts, connect: ownersReach }, opened),
  };
  const readSecret = options.readSecret ?? NO_SECRETS;
  const ending = new AbortController();
  opened.add(() => ending.abort());
  const exchange = createTokenExchange({ clock, connect: ownersReach, signal: ending.signal });
  const oauth = createOauthVerifier({ clock, log, readSecret });
  opened.add(() => oauth.close());
  const followPropagation = measurePropagation(metrics.registry);
  const routes: RouteTable = createRouteTable((route) => {
    followPropagation(route);
    if (route.sleeper !== undefined) activity.follow(route.sleeper);
  });
  const activity = createActivity(routes);
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
    serves: 'everybody',
    externalUrl: () => externalUrl,
    oauth,
    routes,
    metrics,
    tokens: createTokenVerifier(options.tokenKeys, clock),
    possession: createPossessionChecker(clock),
    hops,
    hosts: hostPolicyOf(options),
    audit: options.audit,
    refusals,
    limiter: createLimiter(),
    tracer: options.tracer,
    credentials: { readSecret, tokens: exchange, log },
    clock,
    log,
    isDraining: () => isDraining,
    bodies: createBodies(limits),
    limits,
    ways,
    forwarding: {
      open,
      seal: countingSeal(seal, metrics),
      taskSeal: createTaskSeal(sessionKeys),
      limits,
    },
  };
  const status = (): Readonly<Record<string, unknown>> => ({
    ...options.status?.(),
    ...(tls === undefined ? {} : { tls: tls.status() }),
  });
  const admin = {
    routes,
    metrics: metrics.registry,
    audit: options.audit,
    tokenKeys: options.tokenKeys,
    isDraining: () => isDraining,
    hasSynced: options.policySource?.hasSynced,
    status,
    activity,
  };
  const serveRoute: RequestListener = (request, response) => void handle(request, response, parts);
  const serveAdminOr =
    (next: RequestListener): RequestListener =>
    (request, response) => {
      if (!ADMIN_PATHS.has(pathOf(request))) next(request, response);
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
  const serve = adminListen === undefined ? serveAdminOr(serveRoute) : serveRoute;
  const main = await openListener(serve, listen, { ...listening, tls });
  externalUrl ||= main.url;
  opened.add(() => main.close());
  const refuse: RequestListener = (request, response) =>
    void refuseUnrouted({ request, response, path: pathOf(request) }, { reason: 'not_found' }, parts);
  const other = adminListen && (await openListener(serveAdminOr(refuse), adminListen, listening));
  if (other !== undefined) opened.add(() => other.close());
  const probes: GatewayParts = { ...parts, serves: 'probes', hosts: LOOPBACK_HOSTS };
  const serveProbe: RequestListener = (request, response) => void handle(request, response, probes);
  const own = probeListen && (await openListener(serveProbe, probeListen, listening));
  if (own !== undefined) opened.add(() => own.close());
  const vouched: GatewayParts = {
    ...parts,
    hops: { ...hops, mayVouch: () => true },
    hosts: hostPolicyOf({ ...options, listen: trustedListen ?? listen }),
  };
  const serveVouched: RequestListener = (request, response) => void handle(request, response, vouched);
  const trusted = trustedListen && (await openListener(serveVouched, trustedListen, listening));
  if (trusted !== undefined) opened.add(() => trusted.close());
  observeGateway(metrics.registry, {
    routes,
    open,
    audit: options.audit,
    upstreamConnections: () => sumOf([ways.operator.connections(), ways.owner.connections()]),
    clientConnections: () => promisify(main.server.getConnections.bind(main.server))(),
    isReady: () => whyNotReady(admin).length === 0,
    policySource: options.policySource?.state,
    clock,
  });
  const sweeper = setInterval(() => open.sweep(clock()), SWEEP_MS).unref();
  opened.add(() => clearInterval(sweeper));
  if (limits.keepAliveMs > 0) {
    // Twice in that time: a stream that spoke just after one look is quiet for a whole one more.
    const keeper = setInterval(() => open.keepAlive(), limits.keepAliveMs / 2).unref();
    opened.add(() => clearInterval(keeper));
  }
  const listeners = [main, own, trusted].filter((one) => one !== undefined);
  opened.add(() => {
    isDraining = true;
    return drain({ listeners, open, drainMs: options.drainMs ?? 0 });
  });
  return {
    ...closeOnce(() => opened.releaseAll()),
    url: main.url,
    adminUrl: (other ?? main).url,
    probeUrl: (own ?? main).url,
    trustedUrl: trusted?.url,
    routes,
    reload: (settings) => {
      if (settings.sessionKeys !== undefined) sessionKeys.replace(settings.sessionKeys);
      Object.assign(limits, settings.limits);
      for (const { server } of listeners) server.requestTimeout = limits.requestTimeoutMs;
    },
  };
}

/** A session id is sealed once: when its server opens the session. */
function countingSeal(seal: SessionSeal, { sessionsOpened }: GatewayMetrics): SessionSeal {
  return {
    ...seal,
    seal: (id, place) => {
      sessionsOpened.inc({ namespace: place.key.namespace, server: place.key.name });
      return seal.seal(id, place);
    },
  };
}

const LOOPBACK_HOSTS: HostPolicy = { allowedHosts: [], allowedOrigins: [], scope: 'loopback' };

const ADMIN_PATHS: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics', '/config/status', '/activity']);
