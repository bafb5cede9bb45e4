import { type MCPServer, type ServerSummary } from '@mcp-runtime/api';
import { ageText } from '@mcp-runtime/base';

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
    age: ageText(metadata.creationTimestamp, now),
    ...(spec.teamID === undefined ? {} : { team_id: spec.teamID }),
    conditions: status?.conditions ?? [],
    tools: status?.tools,
    ...(status?.protocolVersion === undefined ? {} : { protocolVersion: status.protocolVersion }),
    ...(status?.policyRevision === undefined ? {} : { policyRevision: status.policyRevision }),
  };
}
