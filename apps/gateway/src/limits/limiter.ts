import { type Limits } from '@mcp-runtime/policy';
import { CallerCounts, type Over } from './caller-counts.ts';

/** A request as far as limits look at it. */
export interface Measured {
  /** Who calls which server. */
  readonly caller: string;
  readonly limits: readonly (readonly [of: string, limits: Limits])[];
  readonly bytesIn: number;
  readonly now: number;
  /** `elsewhere`: it may stay open for as long as the caller likes, and does not count as in progress. */
  readonly progress: 'counted' | 'elsewhere';
}

export interface Limiter {
  /** The first limit that the request is over. */
  over(request: Measured): Over | undefined;
  /** Counts a request that goes on. Call what it returns once, when the request has ended. */
  begin(request: Measured): (bytesOut: number, now: number) => void;
  /** Callers that are remembered, for each of what they are limited by. */
  size(): number;
}

const MAX_REMEMBERED = 16_384;

/**
 * Counts in memory, for this process alone. Bounded: callers are remembered in two generations, and when the younger is full the
 * older is forgotten, but for those with calls in progress: of them there are no more than the gateway takes requests. A few
 * look-ups and numbers for each limit, whatever there is else.
 */
export function createLimiter(maxRemembered: number = MAX_REMEMBERED): Limiter {
  let younger = new Map<string, CallerCounts>();
  let older: ReadonlyMap<string, CallerCounts> = new Map();

  function countsOf(key: string, windowMs: number): CallerCounts {
    const young = younger.get(key);
    if (young?.windowMs === windowMs) return young;
    const known = young ?? older.get(key);
    const counts = known?.windowMs === windowMs ? known : new CallerCounts(windowMs);
    if (younger.size * 2 >= maxRemembered) age();
    younger.set(key, counts);
    return counts;
  }

  function age(): void {
    const busy = [...older].filter(([, counts]) => counts.inProgress > 0);
    older = younger;
    younger = new Map(busy);
  }

  return {
    over: ({ caller, limits, bytesIn, now }) => {
      for (const [of, one] of limits) {
        const over = countsOf(`${of} ${caller}`, one.windowMs).over(one, bytesIn, now);
        if (over !== undefined) return { ...over, message: `the limit of ${of}: ${over.message}` };
      }
      return undefined;
    },
    begin: ({ caller, limits, bytesIn, now, progress }) => {
      const counted = limits.map(([of, one]) => countsOf(`${of} ${caller}`, one.windowMs));
      for (const counts of counted) {
        counts.begin(bytesIn, now);
        if (progress === 'elsewhere') counts.inProgress -= 1;
      }
      return (bytesOut, endedAt) => {
        for (const counts of counted) {
          if (progress === 'elsewhere') counts.inProgress += 1;
          counts.end(bytesOut, endedAt);
        }
      };
    },
    size: () => younger.size + older.size,
  };
}
