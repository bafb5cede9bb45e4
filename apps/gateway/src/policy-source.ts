import { type Policy } from '@mcp-runtime/policy';

/** Where a route's policy comes from. A snapshot is taken once for each request. */
export interface PolicySource {
  /** Undefined until a valid policy has arrived: then every request is refused. */
  current(): Policy | undefined;
  /** Calls `listener` within each change. Returns how to stop. */
  subscribe(listener: PolicyListener): () => void;
}

type PolicyListener = (after: Policy, before: Policy | undefined) => void;

export interface PolicyHolder extends PolicySource {
  /** Replaces the policy; the next request is decided by the new one. */
  publish(policy: Policy): void;
}

export function holdPolicy(): PolicyHolder {
  let current: Policy | undefined;
  const listeners = new Set<PolicyListener>();
  return {
    current: () => current,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    publish: (policy) => {
      const before = current;
      current = policy;
      for (const listener of listeners) listener(policy, before);
    },
  };
}
