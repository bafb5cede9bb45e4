import { setTimeout as delay } from 'node:timers/promises';

/** Exponential backoff. Times in milliseconds; `factor` multiplies after each attempt up to `maxMs`. */
export interface BackoffPolicy {
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
}

/** Delay before attempt `attempt` (0 = first retry). Deterministic; add jitter where many callers retry together. */
export function backoffMs(policy: BackoffPolicy, attempt: number): number {
  return Math.min(policy.maxMs, policy.initialMs * policy.factor ** attempt);
}

export interface RetryPolicy extends BackoffPolicy {
  /** Attempts in all, the first included. */
  readonly attempts: number;
  /** Only errors for which this is true are tried again. */
  readonly retryable: (error: unknown) => boolean;
}

/** Runs `work` until it succeeds, is not retryable, runs out of attempts or `signal` aborts. */
export async function retry<T>(policy: RetryPolicy, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (attempt + 1 >= policy.attempts || !policy.retryable(error)) throw error;
      await delay(backoffMs(policy, attempt), undefined, { signal });
    }
  }
}
