import { setTimeout as delay } from 'node:timers/promises';

/** Token bucket. */
export interface RateLimit {
  /** Requests per second in the long run. */
  readonly qps: number;
  /** Requests that may go at once after a quiet time. */
  readonly burst: number;
}

export interface RateLimiter {
  /** Resolves when the next request may go, in the order of the calls. Rejects with the reason of `signal`. */
  take(signal: AbortSignal): Promise<void>;
}

interface LimiterClock {
  /** Milliseconds; only differences mean something. */
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const SYSTEM_CLOCK: LimiterClock = {
  now: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
};

export function createRateLimiter({ qps, burst }: RateLimit, clock = SYSTEM_CLOCK): RateLimiter {
  // The time at which the bucket was, or will be, full: each request moves it on by what one token costs.
  let fullAt = Number.NEGATIVE_INFINITY;
  const costMs = 1_000 / qps;
  return {
    take: async (signal) => {
      signal.throwIfAborted();
      fullAt = Math.max(fullAt, clock.now()) + costMs;
      const waitMs = fullAt - clock.now() - burst * costMs;
      if (waitMs > 0) await clock.sleep(waitMs, signal);
    },
  };
}
