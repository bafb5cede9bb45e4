import { type ErrorCode } from '@mcp-runtime/api';
import { type Moment, type NotedList, type Policy, changedLists, hasBoundary } from '@mcp-runtime/policy';
import { type Exchange, isStream } from './exchange.ts';
import { type Route } from './routes/route.ts';

/** A forwarded exchange that has not ended. */
export interface OpenExchange {
  readonly exchange: Exchange;
  /** The same question that was asked at the start, under another policy or at another time. */
  ask(policy: Policy, now: number): { readonly reason: ErrorCode; readonly message: string } | undefined;
  /** Ends it at once; nothing more of the server reaches the caller. */
  cut(reason: ErrorCode, message: string): void;
  keepAlive(): void;
  /** Whether it has no end of its own, and is counted with those. */
  readonly isStream: boolean;
  /** Whether its caller is told of lists that change. */
  readonly hears: boolean;
  /** Told after a change that leaves it open: the lists of which its caller sees something else now. */
  tell(lists: readonly NotedList[]): void;
}

/** Every exchange that is open, so that a revocation ends those that it concerns. */
export interface OpenExchanges {
  add(open: OpenExchange): () => void;
  count(): { readonly calls: number; readonly streams: number };
  all(): Iterable<OpenExchange>;
  /** Follows the policy of a route from now on. Idempotent. */
  follow(route: Route): void;
  /** Asks all again where a grant or a session began or ended since the last time. */
  sweep(now: number): void;
  /** For every stream that is quiet. */
  keepAlive(): void;
  /** Ends what would stay open for as long as both sides want. */
  closeStreams(): void;
  closeAll(): void;
}

export const SHUTTING_DOWN = 'the gateway is shutting down';

export function createOpenExchanges(clock: () => number): OpenExchanges {
  const byPath = new Map<string, Set<OpenExchange>>();
  const followed = new Map<string, Followed>();
  const count = { calls: 0, streams: 0 };

  function recheck(path: string, before: Moment | undefined, after: Moment): void {
    for (const open of byPath.get(path) ?? []) cutIfDenied(open, after);
    if (before !== undefined) tellAll(byPath.get(path) ?? [], before, after);
  }

  /** Calls end within the change, however many changes there are; streams, of which there may be thousands, soon after it. */
  function cutCalls(path: string, after: Moment): void {
    for (const open of byPath.get(path) ?? []) if (!open.isStream) cutIfDenied(open, after);
  }

  function look(one: Followed): void {
    clearTimeout(one.due);
    one.due = undefined;
    const policy = one.route.policy.current();
    if (policy === undefined) return;
    const before = one.seen;
    one.seen = { policy, now: clock() };
    recheck(one.route.path, before, one.seen);
    one.lookedAt = clock();
  }

  /** At once, but of changes in quick succession only the last counts: thousands may be open. */
  function lookSoon(one: Followed): void {
    if (one.due !== undefined) return;
    const wait = one.lookedAt + LOOK_AGAIN_MS - clock();
    if (wait <= 0) look(one);
    else one.due = setTimeout(look, wait, one);
  }

  return {
    add: (open) => {
      const { path } = open.exchange.route;
      const same = byPath.get(path) ?? new Set();
      byPath.set(path, same);
      same.add(open);
      const kind = open.isStream ? 'streams' : 'calls';
      count[kind] += 1;
      return () => {
        if (!same.delete(open)) return;
        count[kind] -= 1;
        if (same.size === 0 && byPath.get(path) === same) byPath.delete(path);
      };
    },
    count: () => count,
    all: () => byPath.values().flatMap((same) => same.values()),
    follow: (route) => {
      const known = followed.get(route.path);
      if (known?.route.policy === route.policy) return;
      if (known !== undefined) end(known);
      const first = route.policy.current();
      const one: Followed = {
        route,
        seen: first && { policy: first, now: clock() },
        stop: route.policy.subscribe((after) => {
          if (after === undefined) {
            // Nothing is open then: whoever comes next is followed anew. Servers that are gone leave nothing behind.
            end(one);
            followed.delete(route.path);
            cutAll(byPath.get(route.path), route.policy.absence(), 'the server is not governed any more');
            return;
          }
          cutCalls(route.path, { policy: after, now: clock() });
          lookSoon(one);
        }),
        due: undefined,
        lookedAt: Number.NEGATIVE_INFINITY,
      };
      followed.set(route.path, one);
    },
    sweep: (now) => {
      for (const one of followed.values()) {
        const before = one.seen;
        if (before === undefined || !hasBoundary(before.policy, before.now, now)) continue;
        one.seen = { policy: before.policy, now };
        recheck(one.route.path, before, one.seen);
      }
    },
    keepAlive: () => {
      for (const same of byPath.values()) for (const open of same) open.keepAlive();
    },
    closeStreams: () => {
      for (const same of byPath.values()) {
        const streams = same.values().filter(({ exchange }) => isStream(exchange));
        cutAll([...streams], 'service_unavailable', SHUTTING_DOWN);
      }
    },
    closeAll: () => {
      for (const one of followed.values()) end(one);
      followed.clear();
      for (const same of byPath.values()) cutAll([...same], 'service_unavailable', SHUTTING_DOWN);
    },
  };
}

interface Followed {
  readonly route: Route;
  /** The policy that was last asked, and when; undefined while there is none. */
  seen: Moment | undefined;
  readonly stop: () => void;
  /** Until when the next look waits. */
  due: NodeJS.Timeout | undefined;
  /** Milliseconds since the epoch. */
  lookedAt: number;
}

const LOOK_AGAIN_MS = 100;

/** A session is told once, on one of its streams (MCP 2025-11-25, "Multiple connections"). */
function tellAll(opens: Iterable<OpenExchange>, before: Moment, after: Moment): void {
  const changes = new Map<string, readonly NotedList[]>();
  const sessions = new Set<string>();
  for (const open of opens) {
    if (!open.hears) continue;
    const { exchange } = open;
    const key = JSON.stringify(exchange.caller.identity);
    const lists = changes.get(key) ?? changedLists(exchange.caller.identity, before, after);
    changes.set(key, lists);
    const legacy = exchange.upstreamSession === undefined ? undefined : `${key} ${exchange.upstreamSession}`;
    if (lists.length === 0 || (legacy !== undefined && sessions.has(legacy))) continue;
    if (legacy !== undefined) sessions.add(legacy);
    open.tell(lists);
  }
}

function cutIfDenied(open: OpenExchange, { policy, now }: Moment): void {
  const denial = open.ask(policy, now);
  if (denial !== undefined) open.cut(denial.reason, denial.message);
}

function end(one: Followed): void {
  one.stop();
  clearTimeout(one.due);
}

function cutAll(same: Iterable<OpenExchange> | undefined, reason: ErrorCode, message: string): void {
  for (const open of same ?? []) open.cut(reason, message);
}
