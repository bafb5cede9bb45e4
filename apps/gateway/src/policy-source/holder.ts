import { type ErrorCode } from '@mcp-runtime/api';
import { type Clock, systemClock } from '@mcp-runtime/base';
import { type Policy } from '@mcp-runtime/policy';

/** Why there is no policy: none has come, or nobody could say for too long whether the last one still holds. */
export type PolicyAbsence = Extract<ErrorCode, 'policy_unavailable' | 'policy_stale'>;

/** Where a route's policy comes from. A snapshot is taken once for each request. */
export interface PolicySource {
  /** Undefined until a valid policy has arrived: then every request is refused. */
  current(): Policy | undefined;
  /** Why there is none, while there is none. */
  absence(): PolicyAbsence;
  /** When that came into force. */
  since(): number | undefined;
  /** Calls `listener` within each change. Returns how to stop. */
  subscribe(listener: PolicyListener): () => void;
}

/** Milliseconds since the epoch. */
export interface PolicyChange {
  /** When it was published; undefined where nobody knows. */
  readonly publishedAt: number | undefined;
  readonly inForceAt: number;
}

/** `after` is undefined when there is no policy any more: then nothing may go on. */
type PolicyListener = (after: Policy | undefined, before: Policy | undefined, change: PolicyChange) => void;

export interface PolicyHolder extends PolicySource {
  /** Replaces the policy; the next request is decided by the new one. */
  publish(policy: Policy, publishedAt?: number): void;
  /** Leaves the route without a policy: every request is refused, and what is open ends. */
  withdraw(why?: PolicyAbsence): void;
}

export function holdPolicy(clock: Clock = systemClock): PolicyHolder {
  let current: Policy | undefined;
  let since: number | undefined;
  let absence: PolicyAbsence = 'policy_unavailable';
  const listeners = new Set<PolicyListener>();
  const replace = (after: Policy | undefined, publishedAt?: number): void => {
    const before = current;
    current = after;
    const inForceAt = clock();
    since = after === undefined ? undefined : inForceAt;
    for (const listener of listeners) listener(after, before, { publishedAt, inForceAt });
  };
  return {
    current: () => current,
    absence: () => absence,
    since: () => since,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    publish: replace,
    withdraw: (why = 'policy_unavailable') => {
      absence = why;
      replace(undefined);
    },
  };
}
