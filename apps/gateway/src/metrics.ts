import { type AuditEvent } from '@mcp-runtime/api';
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
  return {
    registry,
    inFlight: registry.gauge('mcp_gateway_inflight_requests', 'Requests in progress, streams included.', []),
    lostRecords: registry.counter('mcp_gateway_audit_failures_total', 'Records that could not be written.', []),
    unrouted: registry.counter('mcp_gateway_unrouted_requests_total', 'Requests refused before a route.', ['reason']),
    count: ({ payload }) => {
      const { namespace, server, cluster, team_id, decision, reason, method } = payload;
      const scope = { namespace, server, cluster, team_id };
      const rpc_method = methodLabel(payload.rpc_method);
      const labels = { ...scope, method, rpc_method, decision, status: String(payload.status) };
      requests.inc(labels);
      bytesIn.inc(labels, payload.bytes_in);
      bytesOut.inc(labels, payload.bytes_out);
      seconds.observe(labels, payload.latency_ms / 1000);
      decisions.inc({ ...scope, decision, reason, rpc_method });
    },
  };
}

function methodLabel(method: string | undefined): string {
  if (method === undefined) return 'none';
  return RPC_METHODS.has(method) ? method : 'other';
}
