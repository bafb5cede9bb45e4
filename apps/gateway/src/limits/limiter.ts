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
  /** Callers that are remembered. */
  size(): number;
}

const MAX_REMEMBERED = 16_384;

/**
 * Counts in memory, for this process alone. Bounded: beyond so many callers, the one that was quiet the longest is forgotten.
 * A look-up and a few numbers for each limit, whatever there is else.
 */
export function createLimiter(maxRemembered: number = MAX_REMEMBERED): Limiter {
  /** Oldest use first. */
  const remembered = new Map<string, CallerCounts>();

  function countsOf(key: string, windowMs: number): CallerCounts {
    const known = remembered.get(key);
    remembered.delete(key);
    const counts = known?.windowMs === windowMs ? known : new CallerCounts(windowMs);
    remembered.set(key, counts);
    if (remembered.size > maxRemembered) forgetQuietest();
    return counts;
  }

  /** Those with calls in progress are passed over: of them there are no more than the gateway takes requests. */
  function forgetQuietest(): void {
    for (const [key, counts] of remembered) {
      if (counts.inProgress === 0) {
        remembered.delete(key);
        return;
      }
    }
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
    size: () => remembered.size,
  };
}
