import { type AuditEvent, type AuditPayload } from '@mcp-runtime/api';

/** An event with every required field; `n` makes its id and puts it on the `n`th second of the day. */
export function anEvent(n: number, payload: Partial<AuditPayload> = {}): AuditEvent {
  return {
    id: `event-${n}`,
    timestamp: new Date(Date.UTC(2026, 7, 1) + n * 1000).toISOString(),
    source: 'files-gateway',
    event_type: 'mcp.request',
    payload: {
      request_id: `request-${n}`,
      method: 'POST',
      path: '/files/mcp',
      status: 200,
      latency_ms: 1.5,
      bytes_in: 100,
      bytes_out: 200,
      server: 'files',
      namespace: 'mcp-servers',
      cluster: 'local',
      team_id: 'platform',
      human_id: 'ada',
      agent_id: 'editor',
      subject_team_id: 'platform',
      session_id: 'ada-editor',
      identity_source: 'token',
      decision: 'allow',
      reason: 'allowed',
      policy_version: 'v1',
      policy_revision: 'abc',
      outcome: 'ok',
      ...payload,
    },
  };
}
