import { METRICS } from '@mcp-runtime/api';
import { type Clock } from '@mcp-runtime/base';
import { type Gauge, type Metrics } from '@mcp-runtime/base/metrics';
import { type AuditSink } from './audit.ts';
import { isStream } from '../exchange.ts';
import { type OpenExchange, type OpenExchanges } from '../open-exchanges.ts';
import { type PolicySource } from '../policy-source/holder.ts';
import { type Route, type RouteTable } from '../routes/route.ts';
import { type ConnectionCounts } from '../upstream/http.ts';

interface Observed {
  readonly routes: Pick<RouteTable, 'all'>;
  readonly open: Pick<OpenExchanges, 'all'>;
  readonly audit: Pick<AuditSink, 'state' | 'backlog'>;
  readonly upstreamConnections: () => ConnectionCounts;
  readonly clientConnections: () => Promise<number>;
  readonly isReady: () => boolean;
  /** Absent where policies come by function call or from a file. */
  readonly policySource: (() => PolicySourceState) | undefined;
  readonly clock: Clock;
}

/** How a gateway stands towards where its policies come from. */
export interface PolicySourceState {
  readonly connected: boolean;
  /** Milliseconds since the epoch; undefined before the first time. */
  readonly lastContactAt: number | undefined;
  /** Servers whose newest policy cannot be taken. */
  readonly faults: number;
}

const PROPAGATION_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

/** What is told of the moment at which somebody asks: it costs nothing in between. */
export function observeGateway(registry: Metrics, observed: Observed): void {
  const { routes, open, audit, upstreamConnections, clientConnections, isReady, clock, policySource } = observed;
  registry.gauge(METRICS.ready, (gauge) => gauge.set(isReady() ? 1 : 0));
  registry.gauge(METRICS.auditWritable, (gauge) => gauge.set(audit.state() === 'writable' ? 1 : 0));
  registry.gauge(METRICS.spoolRecords, (gauge) => gauge.set(audit.backlog?.().records ?? 0));
  registry.gauge(METRICS.spoolBytes, (gauge) => gauge.set(audit.backlog?.().bytes ?? 0));
  registry.gauge(METRICS.spoolOldest, (gauge) => {
    const oldestAt = audit.backlog?.().oldestAt;
    gauge.set(oldestAt === undefined ? 0 : Math.max(0, clock() - oldestAt) / 1000);
  });
  registry.counter(METRICS.auditLost, (counter) => {
    counter.reset();
    counter.inc(audit.backlog?.().lost ?? 0);
  });
  registry.gauge(METRICS.clientConnections, async (gauge) => gauge.set(await clientConnections()));
  registry.gauge(METRICS.upstreamConnections, (gauge) => {
    const { busy, idle } = upstreamConnections();
    gauge.set({ state: 'busy' }, busy);
    gauge.set({ state: 'idle' }, idle);
  });
  registry.counter(METRICS.upstreamOpened, (counter) => {
    counter.reset();
    counter.inc(upstreamConnections().opened);
  });
  registry.gauge(METRICS.policyInfo, (gauge) => {
    gauge.reset();
    for (const { key, policy } of routes.all()) {
      const revision = policy.current()?.revision;
      if (revision !== undefined) gauge.set({ ...labelsOf(key), revision }, 1);
    }
  });
  registry.gauge(METRICS.policyAge, (gauge) => {
    gauge.reset();
    for (const { key, policy } of routes.all()) {
      const since = policy.since();
      if (since !== undefined) gauge.set(labelsOf(key), (clock() - since) / 1000);
    }
  });
  if (policySource !== undefined) observeSource(registry, policySource, clock);
  observeTracks(registry, routes);
  registry.gauge(METRICS.waking, (gauge) => {
    gauge.reset();
    for (const { key, sleeper } of routes.all()) if (sleeper !== undefined) gauge.set(labelsOf(key), sleeper.waiting());
  });
  registry.gauge(METRICS.openStreams, (gauge) => countStreams(gauge, routes.all(), open.all()));
}

function observeSource(registry: Metrics, source: () => PolicySourceState, clock: Clock): void {
  registry.gauge(METRICS.policySourceConnected, (gauge) => gauge.set(source().connected ? 1 : 0));
  registry.gauge(METRICS.policySourceFaults, (gauge) => gauge.set(source().faults));
  registry.gauge(METRICS.policySourceAge, (gauge) => {
    const { lastContactAt } = source();
    if (lastContactAt !== undefined) gauge.set(Math.max(0, clock() - lastContactAt) / 1000);
  });
}

function observeTracks(registry: Metrics, routes: Observed['routes']): void {
  registry.counter(METRICS.trackRequests, (counter) => {
    counter.reset();
    for (const { key, endpoints } of routes.all()) {
      for (const { name, requests, errors } of endpoints?.tracks() ?? []) {
        counter.inc({ ...labelsOf(key), track: name, outcome: 'ok' }, requests - errors);
        counter.inc({ ...labelsOf(key), track: name, outcome: 'error' }, errors);
      }
    }
  });
  registry.gauge(METRICS.trackEndpoints, (gauge) => {
    gauge.reset();
    for (const { key, endpoints } of routes.all()) {
      for (const { name, ready } of endpoints?.tracks() ?? []) gauge.set({ ...labelsOf(key), track: name }, ready);
    }
  });
}

/** Measures from the publication of each policy to its being in force, for the routes it is given. */
export function measurePropagation(registry: Metrics): (route: Route) => void {
  const seconds = registry.histogram(METRICS.policyPropagation, PROPAGATION_SECONDS);
  const followed = new WeakSet<PolicySource>();
  return ({ key, policy }) => {
    if (followed.has(policy)) return;
    followed.add(policy);
    policy.subscribe((after, _, { publishedAt, inForceAt }) => {
      if (after === undefined || publishedAt === undefined) return;
      seconds.observe(labelsOf(key), Math.max(0, inForceAt - publishedAt) / 1000);
    });
  };
}

type ServerLabel = 'namespace' | 'server';

function labelsOf({ namespace, name }: Route['key']): Readonly<Record<ServerLabel, string>> {
  return { namespace, server: name };
}

function countStreams(gauge: Gauge<ServerLabel>, routes: readonly Route[], open: Iterable<OpenExchange>): void {
  gauge.reset();
  for (const { key } of routes) gauge.set(labelsOf(key), 0);
  for (const { exchange } of open) {
    if (isStream(exchange)) gauge.inc(labelsOf(exchange.route.key));
  }
}
