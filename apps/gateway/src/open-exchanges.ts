import { type ErrorCode } from '@mcp-runtime/api';
import { type Policy } from '@mcp-runtime/policy';
import { type Exchange } from './exchange.ts';
import { type Route } from './route.ts';

/** A forwarded exchange that has not ended. */
export interface OpenExchange {
  readonly exchange: Exchange;
  /** The same question that was asked at the start, under another policy or at another time. */
  ask(policy: Policy, now: number): { readonly reason: ErrorCode; readonly message: string } | undefined;
  /** Ends it at once; nothing more of the server reaches the caller. */
  cut(reason: ErrorCode, message: string): void;
  /** Told after a change that leaves it open. */
  onPolicyChange(after: Policy, before: Policy | undefined): void;
}

/** Every exchange that is open, so that a revocation ends those that it concerns. */
export interface OpenExchanges {
  add(open: OpenExchange): () => void;
  count(): number;
  all(): Iterable<OpenExchange>;
  /** Follows the policy of a route from now on. Idempotent. */
  follow(route: Route): void;
  /** Asks all again: what ran out meanwhile is cut. */
  sweep(now: number): void;
  closeAll(): void;
}

export function createOpenExchanges(clock: () => number): OpenExchanges {
  const byPath = new Map<string, Set<OpenExchange>>();
  const followed = new Map<string, { readonly route: Route; readonly stop: () => void }>();
  let count = 0;

  function recheck(path: string, policy: Policy, now: number): void {
    for (const open of byPath.get(path) ?? []) {
      const denial = open.ask(policy, now);
      if (denial !== undefined) open.cut(denial.reason, denial.message);
    }
  }

  return {
    add: (open) => {
      const { path } = open.exchange.route;
      const same = byPath.get(path) ?? new Set();
      byPath.set(path, same);
      same.add(open);
      count += 1;
      return () => {
        if (!same.delete(open)) return;
        count -= 1;
        if (same.size === 0 && byPath.get(path) === same) byPath.delete(path);
      };
    },
    count: () => count,
    all: () => byPath.values().flatMap((same) => same.values()),
    follow: (route) => {
      const known = followed.get(route.path);
      if (known?.route.policy === route.policy) return;
      known?.stop();
      const stop = route.policy.subscribe((after, before) => {
        if (after === undefined) {
          cutAll(byPath.get(route.path), 'policy_unavailable', 'the server is not governed any more');
          return;
        }
        recheck(route.path, after, clock());
        for (const open of byPath.get(route.path) ?? []) open.onPolicyChange(after, before);
      });
      followed.set(route.path, { route, stop });
    },
    sweep: (now) => {
      for (const { route } of followed.values()) {
        const policy = route.policy.current();
        if (policy !== undefined) recheck(route.path, policy, now);
      }
    },
    closeAll: () => {
      for (const { stop } of followed.values()) stop();
      followed.clear();
      for (const same of byPath.values()) cutAll(same, 'service_unavailable', 'the gateway is shutting down');
    },
  };
}

function cutAll(same: ReadonlySet<OpenExchange> | undefined, reason: ErrorCode, message: string): void {
  for (const open of same ?? []) open.cut(reason, message);
}
