import { type AuditEvent } from '@mcp-runtime/api';
import { isRecord } from '@mcp-runtime/base';

/** What a stored event can be filtered by. `time` is milliseconds since the epoch. */
export interface EventColumns {
  readonly time: number;
  readonly server: string;
  readonly namespace: string;
  readonly tool: string | null;
  readonly human: string;
  readonly agent: string;
  readonly decision: 'allow' | 'deny';
}

export function columnsOf({ timestamp, payload }: AuditEvent): EventColumns {
  return {
    time: Date.parse(timestamp),
    server: payload.server,
    namespace: payload.namespace,
    tool: payload.tool_name ?? null,
    human: payload.human_id,
    agent: payload.agent_id,
    decision: payload.decision,
  };
}

/** The event of a record, or nothing when the text is not one. */
export function parseEvent(text: string): AuditEvent | undefined {
  try {
    const event: unknown = JSON.parse(text);
    return isStorable(event) ? event : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether the store can take an event: its envelope and every filtered field are there. The other
 * fields are as the writer's types made them, and an old log stays readable when they change.
 */
export function isStorable(event: unknown): event is AuditEvent {
  if (!isRecord(event) || !isRecord(event['payload'])) return false;
  const { id, timestamp, source, event_type } = event;
  const { server, namespace, human_id, agent_id, tool_name, decision } = event['payload'];
  const texts = [id, source, event_type, server, namespace, human_id, agent_id, tool_name ?? ''];
  return (
    typeof timestamp === 'string' &&
    !Number.isNaN(Date.parse(timestamp)) &&
    (decision === 'allow' || decision === 'deny') &&
    texts.every((text) => typeof text === 'string')
  );
}
