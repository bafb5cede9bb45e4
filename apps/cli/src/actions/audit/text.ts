import { type AuditEvent, type AuditPayload, EVENT_TYPES } from '@mcp-runtime/api';

/** What was called: a tool, prompt or resource with its name, else the method. */
export function calledText({ rpc_method, tool_name, prompt_name, resource_uri, method, path }: AuditPayload): string {
  return tool_name ?? prompt_name ?? resource_uri ?? rpc_method ?? (`${method} ${path}`.trim() || '-');
}

/** Why it was decided so, and how often where a record stands for several. */
export function reasonText({ reason, count }: AuditPayload): string {
  return count === undefined ? reason : `${reason} (${count} times)`;
}

/** What was decided; of records that are missing nobody knows. */
export function decisionText({ event_type: type, payload }: AuditEvent): string {
  return type === EVENT_TYPES.gap ? 'lost' : payload.decision;
}

/** What was refused before a server was known has none. */
export function serverText({ server }: AuditPayload): string {
  return server === '' ? '-' : server;
}

/** The human and the agent that acts for them; the runtime probes its servers by itself. */
export function callerText({ human_id, agent_id, identity_source, client_address }: AuditPayload): string {
  if (identity_source === 'probe') return 'readiness probe';
  return [human_id, agent_id].filter((id) => id !== '').join(' via ') || client_address || 'nobody';
}

/** One line for people: when (UTC), what was decided, on which server, what, for whom, why, how long. */
export function eventLine(event: AuditEvent): string {
  const { timestamp, payload } = event;
  const { decision, latency_ms } = payload;
  return [
    timestamp.slice(11, 19),
    decisionText(event).padEnd(5),
    serverText(payload),
    calledText(payload),
    callerText(payload),
    decision === 'deny' ? reasonText(payload) : payload.outcome,
    `${Math.round(latency_ms)}ms`,
  ].join('  ');
}
