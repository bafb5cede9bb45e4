import { MAX_SESSION_TOKEN_SECONDS, type MCPAgentSession } from '@mcp-runtime/api';
import { endOf } from './status.ts';

export interface Retention {
  /** How long sessions are kept after they have expired; 0 keeps them. */
  readonly expiredSessionsMs: number;
}

/**
 * When a session may be removed, in milliseconds since the epoch; undefined while nothing says so.
 *
 * Only one that has expired: applied again from the same file it is still expired. A revoked one without an end, or with
 * one to come, would be live again, so it stays. No token that was issued for it outlives its removal.
 */
export function removalAt(session: MCPAgentSession, { expiredSessionsMs }: Retention, now: number): number | undefined {
  const end = endOf(session);
  if (expiredSessionsMs === 0 || end === undefined || now <= end || !Number.isFinite(end)) return undefined;
  const seen = endSeenAt(session);
  if (seen === undefined) return undefined;
  return Math.max(end + expiredSessionsMs, seen + MAX_SESSION_TOKEN_SECONDS * 1000);
}

/** When it was first seen not to be active; undefined until its status is about what it is now. */
function endSeenAt({ metadata, status }: MCPAgentSession): number | undefined {
  const active = status?.conditions?.find(({ type }) => type === 'Active');
  if (active?.status !== 'False' || active.observedGeneration !== (metadata.generation ?? 1)) return undefined;
  const seen = Date.parse(active.lastTransitionTime);
  return Number.isNaN(seen) ? undefined : seen;
}
