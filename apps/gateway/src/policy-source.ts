import { type Policy } from '@mcp-runtime/policy';

/** Where a route's policy comes from. A snapshot is taken once for each request. */
export interface PolicySource {
  /** Undefined until a valid policy has arrived: then every request is refused. */
  current(): Policy | undefined;
  /** Calls `listener` within each change. Returns how to stop. */
  subscribe(listener: PolicyListener): () => void;
}

/** `after` is undefined when there is no policy any more: then nothing may go on. */
type PolicyListener = (after: Policy | undefined, before: Policy | undefined) => void;

export interface PolicyHolder extends PolicySource {
  /** Replaces the policy; the next request is decided by the new one. */
  publish(policy: Policy): void;
  /** Leaves the route without a policy: every request is refused, and what is open ends. */
  withdraw(): void;
}

export function holdPolicy(): PolicyHolder {
  let current: Policy | undefined;
  const listeners = new Set<PolicyListener>();
  const replace = (after: Policy | undefined): void => {
    const before = current;
    current = after;
    for (const listener of listeners) listener(after, before);
  };
  return {
    current: () => current,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    publish: replace,
    withdraw: () => replace(undefined),
  };
}
