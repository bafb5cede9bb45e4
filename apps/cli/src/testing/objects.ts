import { type AuditEvent, MCPAccessGrant, MCPServer, MCPServerSpec, type ObjectKey } from '@mcp-runtime/api';

type Status = NonNullable<MCPServer['status']>;

const SPEC = MCPServerSpec.parse({
  source: { npm: { package: 'files', version: '1.0.0', args: ['/data'] } },
  transport: 'stdio',
  auth: { mode: 'token' },
  policy: { enforceOn: 'all' },
  session: { required: true },
  gateway: { enabled: true },
});

export function aServer(over: { readonly spec?: Partial<MCPServerSpec>; readonly status?: Status } = {}): MCPServer {
  return MCPServer.parse({
    apiVersion: 'mcpruntime.org/v1alpha1',
    kind: 'MCPServer',
    metadata: { name: 'files', namespace: 'mcp-servers', generation: 1 },
    spec: { ...SPEC, ...over.spec },
    ...(over.status === undefined ? {} : { status: over.status }),
  });
}

export function aStatus(ready: 'True' | 'False', over: Partial<Status> & { readonly reason?: string } = {}): Status {
  const { reason = 'Ready', ...status } = over;
  const message = status.message ?? 'the server answers through the gateway';
  return {
    observedGeneration: 1,
    conditions: [{ type: 'Ready', status: ready, reason, message, lastTransitionTime: '2027-01-01T00:00:00Z' }],
    endpoint: 'http://127.0.0.1:7400/files/mcp',
    ...status,
  };
}

export function aGrant(key: ObjectKey): MCPAccessGrant {
  return MCPAccessGrant.parse({
    apiVersion: 'mcpruntime.org/v1alpha1',
    kind: 'MCPAccessGrant',
    metadata: key,
    spec: { serverRef: { name: 'files' }, subject: { humanID: 'alice@example.com' } },
  });
}

export function anEvent(id: string, payload: Partial<AuditEvent['payload']> = {}): AuditEvent {
  return {
    id,
    timestamp: '2027-01-31T12:00:00.000Z',
    source: 'files-gateway',
    event_type: 'mcp.request',
    payload: {
      request_id: id,
      method: 'POST',
      path: '/files/mcp',
      status: 200,
      latency_ms: 3.4,
      bytes_in: 10,
      bytes_out: 20,
      server: 'files',
      namespace: 'mcp-servers',
      cluster: 'local',
      team_id: '',
      human_id: 'alice@example.com',
      agent_id: 'research-agent',
      subject_team_id: '',
      session_id: 'research-files',
      identity_source: 'token',
      decision: 'allow',
      reason: 'allowed',
      policy_version: 'v1',
      policy_revision: 'abc',
      outcome: 'ok',
      rpc_method: 'tools/call',
      tool_name: 'read_file',
      ...payload,
    },
  };
}
