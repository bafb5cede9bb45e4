/** A metric as Prometheus shows it. Every label has a closed set of values, or one for each server that is configured. */
export interface MetricRow {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly help: string;
}

const SERVER = ['namespace', 'server'] as const;
const SCOPE = [...SERVER, 'cluster', 'team_id'] as const;
const REQUEST = [...SCOPE, 'method', 'rpc_method', 'decision', 'status'] as const;

/** What a gateway tells at `/metrics`; docs/reference/metrics.md is generated from this table. */
export const METRICS = {
  // requests
  requests: counter('mcp_gateway_requests_total', REQUEST, 'Requests on the paths of servers.'),
  requestBytes: counter('mcp_gateway_request_bytes_total', REQUEST, 'Bytes of request bodies.'),
  responseBytes: counter(
    'mcp_gateway_response_bytes_total',
    REQUEST,
    'Bytes of answers when their record was written.',
  ),
  requestSeconds: histogram(
    'mcp_gateway_request_duration_seconds',
    REQUEST,
    'From the request to its answer; of a stream, to its first byte.',
  ),
  decisions: counter(
    'mcp_gateway_policy_decisions_total',
    [...SCOPE, 'decision', 'reason', 'rpc_method'],
    'Decisions by reason.',
  ),
  unrouted: counter(
    'mcp_gateway_unrouted_requests_total',
    ['reason'],
    'Requests refused before it was known which server they are for.',
  ),
  inFlight: gauge('mcp_gateway_inflight_requests', [], 'Requests in progress, streams included.'),

  // policy
  policyInfo: gauge('mcp_gateway_policy_info', [...SERVER, 'revision'], '1 for the revision in force.'),
  policyAge: gauge('mcp_gateway_policy_age_seconds', SERVER, 'Since the policy came into force.'),
  policyPropagation: histogram(
    'mcp_gateway_policy_propagation_seconds',
    SERVER,
    'From the publication of a policy (of a file, its modification) to its being in force.',
  ),

  policySourceConnected: gauge(
    'mcp_gateway_policy_source_connected',
    [],
    '1 while changes of policies reach this gateway as they happen.',
  ),
  policySourceAge: gauge(
    'mcp_gateway_policy_source_age_seconds',
    [],
    'Since the source of policies was last heard of, whether something changed or not.',
  ),
  policySourceFaults: gauge(
    'mcp_gateway_policy_source_faults',
    [],
    'Servers whose newest policy cannot be taken; the one before it stays in force.',
  ),

  // versions of a server
  trackRequests: counter(
    'mcp_gateway_track_requests_total',
    [...SERVER, 'track', 'outcome'],
    'Requests that went to a version of a server; `error` found no answer, or one with a status of 500 or more.',
  ),
  trackEndpoints: gauge(
    'mcp_gateway_track_endpoints',
    [...SERVER, 'track'],
    'Instances of a version that are ready for new sessions and calls.',
  ),

  // connections, sessions and streams
  clientConnections: gauge('mcp_gateway_client_connections', [], 'Open connections of clients.'),
  upstreamConnections: gauge(
    'mcp_gateway_upstream_connections',
    ['state'],
    'Connections to servers: `busy` with an exchange, or kept `idle` for the next.',
  ),
  upstreamOpened: counter('mcp_gateway_upstream_connections_opened_total', [], 'Connections opened to servers.'),
  sessionsOpened: counter('mcp_gateway_sessions_opened_total', SERVER, 'MCP sessions that servers opened.'),
  sessionsEnded: counter(
    'mcp_gateway_sessions_ended_total',
    SERVER,
    'MCP sessions that clients ended. Most never do: opened less ended is an upper bound of those in use.',
  ),
  waking: gauge('mcp_gateway_waking_calls', SERVER, 'Calls that wait for a server that sleeps, or starts.'),
  openStreams: gauge('mcp_gateway_open_streams', SERVER, 'Streams that stay open: GET, and `subscriptions/listen`.'),

  // audit
  lostRecords: counter('mcp_gateway_audit_failures_total', [], 'Records that could not be written.'),
  spoolRecords: gauge('mcp_gateway_spool_records', [], 'Records in the spool that are stored nowhere else yet.'),
  spoolBytes: gauge(
    'mcp_gateway_spool_bytes',
    [],
    'Bytes of the spool, what is stored elsewhere and not yet removed included.',
  ),
  spoolOldest: gauge(
    'mcp_gateway_spool_oldest_seconds',
    [],
    'Age of the oldest of those records, to the second; 0 without any.',
  ),
  auditLost: counter(
    'mcp_gateway_audit_lost_records_total',
    [],
    'Records that the spool could not take; each gap is a record of type `audit.gap`.',
  ),
  auditWritable: gauge('mcp_gateway_audit_writable', [], '1 when the last record could be written.'),

  // readiness and certificates
  ready: gauge('mcp_gateway_ready', [], '1 when `/ready` answers 200.'),
  tlsReloads: counter('mcp_gateway_tls_reloads_total', ['outcome'], 'Times that changed TLS files were read.'),
  tlsNotAfter: gauge(
    'mcp_gateway_tls_certificate_not_after_seconds',
    [],
    'When the served certificate ends, seconds since the epoch.',
  ),
  tlsFailures: counter(
    'mcp_gateway_tls_handshake_failures_total',
    ['reason'],
    'Connections that ended in the handshake.',
  ),
} as const satisfies Record<string, MetricRow>;

/** What the operator of a cluster tells at `/metrics`; on the same page. */
export const OPERATOR_METRICS = {
  queueDepth: gauge(
    'mcp_operator_queue_depth',
    ['queue'],
    'What waits: servers whose `policies` are to be published, whose `objects` are to be reconciled, for `probes`; grants and sessions for `access`.',
  ),
  queueSeconds: histogram('mcp_operator_queue_wait_seconds', ['queue'], 'From asking to the start of the work.'),
  workSeconds: histogram(
    'mcp_operator_work_seconds',
    ['queue', 'result'],
    'Time of one piece of work; `error` is tried again, and so is `conflict`, with which nothing is wrong; `outdated` started over.',
  ),
  writes: counter(
    'mcp_operator_writes_total',
    ['kind', 'action'],
    'Writes by kind: `created`, `configured`, `repaired`, `deleted`, or the `status` of a resource.',
  ),
  drift: counter(
    'mcp_operator_drift_repaired_total',
    ['kind'],
    'Objects that somebody had changed and that were put right.',
  ),
  rollouts: counter(
    'mcp_operator_rollouts_total',
    ['phase'],
    'Trials of a canary that came to a phase: `Progressing`, `Held`, `Promoted` or `RolledBack`.',
  ),
  propagation: histogram(
    'mcp_operator_policy_propagation_seconds',
    [],
    'From the change that made a policy to every gateway serving it, as far as looking at them tells.',
  ),
  objects: gauge('mcp_operator_watched_objects', ['kind'], 'Objects that are watched.'),
  ready: gauge('mcp_operator_servers_ready', [], 'Servers whose condition `Ready` is true.'),
  asleep: gauge('mcp_operator_servers_asleep', [], 'Servers that were scaled to none for being idle.'),
  sleepChanges: counter(
    'mcp_operator_sleep_changes_total',
    ['to'],
    'Servers that came to be `asleep`, `waking` because a call waits, or `awake` again.',
  ),
  leader: gauge('mcp_operator_leader', [], '1 for the replica that writes.'),
} as const satisfies Record<string, MetricRow>;

function counter<const Label extends string>(name: string, labels: readonly Label[], help: string) {
  return { name, type: 'counter', labels, help } as const;
}

function gauge<const Label extends string>(name: string, labels: readonly Label[], help: string) {
  return { name, type: 'gauge', labels, help } as const;
}

function histogram<const Label extends string>(name: string, labels: readonly Label[], help: string) {
  return { name, type: 'histogram', labels, help } as const;
}
