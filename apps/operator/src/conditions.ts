import { type Condition, type MCPServer, type MCPServerStatus } from '@mcp-runtime/api';

/** What a condition says, without its time. */
export type Verdict = Pick<Condition, 'status' | 'reason' | 'message'>;

/** Why a server is not run at all, such as a path that another server has. */
export interface Blocked {
  readonly reason: string;
  readonly message: string;
}

const MAX_MESSAGE = 1024;

export function yes(reason: string, message: string): Verdict {
  return { status: 'True', reason, message };
}

export function no(reason: string, message: string): Verdict {
  return { status: 'False', reason, message: message.slice(0, MAX_MESSAGE) };
}

/** A condition keeps its time while its status stays (API conventions, "Typical status properties"). */
export function conditionOf(server: MCPServer, type: string, verdict: Verdict, now: string): Condition {
  const before = server.status?.conditions?.find((condition) => condition.type === type);
  const lastTransitionTime = before?.status === verdict.status ? before.lastTransitionTime : now;
  return { type, ...verdict, observedGeneration: server.metadata.generation ?? 1, lastTransitionTime };
}

/** Whether a new status says something else than the old one. */
export function saysTheSame(before: MCPServerStatus | undefined, after: MCPServerStatus): boolean {
  return before !== undefined && canonical(before) === canonical(after);
}

function canonical(status: MCPServerStatus): string {
  return JSON.stringify(status, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
