import { type AuditEvent, type AuditPayload, METRICS } from '@mcp-runtime/api';
import { type Counter, type Gauge, type Metrics, createMetrics } from '@mcp-runtime/base/metrics';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Methods that are label values; every other one is `other`, so that a caller cannot make labels up. */
const RPC_METHODS: ReadonlySet<string> = new Set([
  'initialize',
  'notifications/initialized',
  'ping',
  'server/discover',
  'tools/list',
  'tools/call',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'subscriptions/listen',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'tasks/get',
  'tasks/result',
  'tasks/update',
  'tasks/cancel',
  'logging/setLevel',
]);

export interface GatewayMetrics {
  readonly registry: Metrics;
  /** Counts an exchange from its audit event. */
  count(event: AuditEvent): void;
  readonly inFlight: Gauge;
  readonly lostRecords: Counter;
  readonly unrouted: Counter<'reason'>;
  readonly sessionsOpened: Counter<'namespace' | 'server'>;
}

export function createGatewayMetrics(): GatewayMetrics {
  const registry = createMetrics();
  const requests = registry.counter(METRICS.requests);
  const bytesIn = registry.counter(METRICS.requestBytes);
  const bytesOut = registry.counter(METRICS.responseBytes);
  const seconds = registry.histogram(METRICS.requestSeconds, SECONDS);
  const decisions = registry.counter(METRICS.decisions);
  const sessionsEnded = registry.counter(METRICS.sessionsEnded);
  const tallies = new Map<string, Tally>();

  function settle(): void {
    for (const { labels, reason, count, bytes } of tallies.values()) {
      const { method: _method, status: _status, ...decided } = labels;
      requests.inc(labels, count);
      bytesIn.inc(labels, bytes.in);
      bytesOut.inc(labels, bytes.out);
      decisions.inc({ ...decided, reason }, count);
      if (endsSession(labels)) sessionsEnded.inc({ namespace: labels.namespace, server: labels.server }, count);
    }
    tallies.clear();
  }

  return {
    registry: {
      ...registry,
      text: () => {
        settle();
        return registry.text();
      },
    },
    inFlight: registry.gauge(METRICS.inFlight),
    lostRecords: registry.counter(METRICS.lostRecords),
    unrouted: registry.counter(METRICS.unrouted),
    sessionsOpened: registry.counter(METRICS.sessionsOpened),
    count: ({ payload }) => {
      const tally = tallyOf(tallies, payload);
      tally.count += 1;
      tally.bytes.in += payload.bytes_in;
      tally.bytes.out += payload.bytes_out;
      seconds.observe(tally.labels, payload.latency_ms / 1000);
    },
  };
}

type RequestLabels = Readonly<Record<(typeof METRICS.requests.labels)[number], string>>;

/** What happened under the same labels since the last look: the counters look their labels up again at every turn. */
interface Tally {
  readonly labels: RequestLabels;
  readonly reason: string;
  readonly bytes: { in: number; out: number };
  count: number;
}

function tallyOf(tallies: Map<string, Tally>, payload: AuditPayload): Tally {
  const { namespace, server, cluster, team_id, decision, reason, method, status } = payload;
  const rpc_method = methodLabel(payload.rpc_method);
  const key = `${namespace}/${server}/${cluster}/${team_id} ${method} ${rpc_method} ${decision} ${reason} ${status}`;
  const known = tallies.get(key);
  if (known !== undefined) return known;
  const labels = { namespace, server, cluster, team_id, method, rpc_method, decision, status: String(status) };
  const tally: Tally = { labels, reason, count: 0, bytes: { in: 0, out: 0 } };
  tallies.set(key, tally);
  return tally;
}

/** MCP 2025-11-25, "Session Management": a client that needs its session no more deletes it. */
function endsSession({ method, decision, status }: RequestLabels): boolean {
  return method === 'DELETE' && decision === 'allow' && status.startsWith('2');
}

function methodLabel(method: string | undefined): string {
  if (method === undefined) return 'none';
  return RPC_METHODS.has(method) ? method : 'other';
}
