import { type MCPServer, type ServerSummary } from '@mcp-runtime/api';

/** A server as lists show it. `now` in milliseconds since the epoch. */
export function summarize(server: MCPServer, now: number): ServerSummary {
  const { metadata, spec, status } = server;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    ...(spec.description === undefined ? {} : { description: spec.description }),
    source: status?.source ?? '',
    transport: spec.transport,
    status: ready?.status === 'True' ? 'Ready' : status?.phase === 'Degraded' ? 'Degraded' : 'NotReady',
    reason: ready?.reason ?? 'Pending',
    message: ready?.message ?? 'not looked at yet',
    ...(status?.endpoint === undefined ? {} : { endpoint: status.endpoint }),
    age: ageOf(metadata.creationTimestamp, now),
    ...(spec.teamID === undefined ? {} : { team_id: spec.teamID }),
    conditions: status?.conditions ?? [],
    tools: status?.tools,
    ...(status?.protocolVersion === undefined ? {} : { protocolVersion: status.protocolVersion }),
    ...(status?.policyRevision === undefined ? {} : { policyRevision: status.policyRevision }),
  };
}

/** `5s`, `12m`, `3h`, `9d`. */
function ageOf(created: string | null | undefined, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(created ?? '')) / 1000));
  if (!Number.isFinite(seconds)) return '';
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
