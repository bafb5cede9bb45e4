import { type AuditEvent, type AuditPayload } from '@mcp-runtime/api';

/** What was called: a tool, prompt or resource with its name, else the method. */
export function calledText({ rpc_method, tool_name, prompt_name, resource_uri, method, path }: AuditPayload): string {
  return tool_name ?? prompt_name ?? resource_uri ?? rpc_method ?? `${method} ${path}`;
}

export function callerText({ human_id, agent_id }: AuditPayload): string {
  return [human_id, agent_id].filter((id) => id !== '').join(' / ') || 'unknown';
}

/** One line for people: when (UTC), what was decided, on which server, what, for whom, why, how long. */
export function eventLine({ timestamp, payload }: AuditEvent): string {
  const { server, decision, reason, latency_ms } = payload;
  return [
    timestamp.slice(11, 19),
    decision.padEnd(5),
    server,
    calledText(payload),
    callerText(payload),
    decision === 'deny' ? reason : payload.outcome,
    `${Math.round(latency_ms)}ms`,
  ].join('  ');
}
