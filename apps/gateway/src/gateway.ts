import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { OpenedSoFar, closeOnce } from '@mcp-runtime/base';
import { createBodies } from './bodies.ts';
import { openWays } from './eras/open-ways.ts';
import { createHops } from './identify/hops.ts';
import { createOauthVerifier } from './identify/oauth-verifier.ts';
import { createPossessionChecker } from './identify/possession.ts';
import { createTokenVerifier } from './identify/token-verifier.ts';
import { createLimiter } from './limits/limiter.ts';
import { drain } from './listen/drain.ts';
import { externalUrlOf, hostPolicyOf } from './listen/external-url.ts';
import { openListeners } from './listen/listeners.ts';
import { whyNotReady } from './listen/readiness.ts';
import { createOpenExchanges } from './open-exchanges.ts';
import { type Gateway, type GatewayOptions } from './options.ts';
import { ANYWHERE, PUBLIC_ONLY } from './outbound/reach.ts';
import { type GatewayParts } from './parts.ts';
import { measurePropagation, observeGateway } from './record/gauges.ts';
import { type GatewayMetrics, createGatewayMetrics } from './record/metrics.ts';
import { createRefusalLog } from './record/refusals.ts';
import { type RouteTable, createRouteTable } from './routes/route.ts';
import { holdSealKeys } from './seal/seal.ts';
import { type SessionSeal, createSessionSeal } from './seal/session-seal.ts';
import { createTaskSeal } from './seal/task-seal.ts';
import { type ReadSecret } from './secrets.ts';
import { createActivity } from './sleep/activity.ts';
import { openTls } from './tls/open-tls.ts';
import { NO_PEERS } from './tls/peer.ts';
import { createTokenExchange } from './upstream-auth/token-exchange.ts';
import { sumOf } from './upstream/http.ts';

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
  const { clock, log } = options;
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
  const { main, beside, probe, trusted } = await openListeners(options, {
    parts,
    admin,
    tls,
    requestTimeoutMs: limits.requestTimeoutMs,
    opened,
    onMain: (url) => (externalUrl ||= url),
  });
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
  const listeners = [main, probe, trusted].filter((one) => one !== undefined);
  opened.add(() => {
    isDraining = true;
    return drain({ listeners, open, drainMs: options.drainMs ?? 0 });
  });
  return {
    ...closeOnce(() => opened.releaseAll()),
    url: main.url,
    adminUrl: (beside ?? main).url,
    probeUrl: (probe ?? main).url,
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
