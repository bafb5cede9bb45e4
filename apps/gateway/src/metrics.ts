import { type AuditEvent, type AuditPayload } from '@mcp-runtime/api';
import { type Counter, type Gauge, type Metrics, createMetrics } from '@mcp-runtime/base/metrics';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const SCOPE = ['namespace', 'server', 'cluster', 'team_id'] as const;
const REQUEST = [...SCOPE, 'method', 'rpc_method', 'decision', 'status'] as const;

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
  /** Requests refused before they reached a route, by reason. */
  readonly unrouted: Counter;
}

export function createGatewayMetrics(): GatewayMetrics {
  const registry = createMetrics();
  const requests = registry.counter('mcp_gateway_requests_total', 'Requests on routes.', REQUEST);
  const bytesIn = registry.counter('mcp_gateway_request_bytes_total', 'Bytes of request bodies.', REQUEST);
  const bytesOut = registry.counter('mcp_gateway_response_bytes_total', 'Bytes of answers.', REQUEST);
  const seconds = registry.histogram(
    'mcp_gateway_request_duration_seconds',
    'From the request to its answer.',
    REQUEST,
    SECONDS,
  );
  const decisions = registry.counter('mcp_gateway_policy_decisions_total', 'Decisions by reason.', [
    ...SCOPE,
    'decision',
    'reason',
    'rpc_method',
  ]);
  const tallies = new Map<string, Tally>();

  function settle(): void {
    for (const { labels, reason, count, bytes } of tallies.values()) {
      const { method: _method, status: _status, ...decided } = labels;
      requests.inc(labels, count);
      bytesIn.inc(labels, bytes.in);
      bytesOut.inc(labels, bytes.out);
      decisions.inc({ ...decided, reason }, count);
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
    inFlight: registry.gauge('mcp_gateway_inflight_requests', 'Requests in progress, streams included.', []),
    lostRecords: registry.counter('mcp_gateway_audit_failures_total', 'Records that could not be written.', []),
    unrouted: registry.counter('mcp_gateway_unrouted_requests_total', 'Requests refused before a route.', ['reason']),
    count: ({ payload }) => {
      const tally = tallyOf(tallies, payload);
      tally.count += 1;
      tally.bytes.in += payload.bytes_in;
      tally.bytes.out += payload.bytes_out;
      seconds.observe(tally.labels, payload.latency_ms / 1000);
    },
  };
}

/** What happened under the same labels since the last look: the counters look their labels up again at every turn. */
interface Tally {
  readonly labels: Readonly<Record<(typeof REQUEST)[number], string>>;
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

function methodLabel(method: string | undefined): string {
  if (method === undefined) return 'none';
  return RPC_METHODS.has(method) ? method : 'other';
}
