import { type ErrorCode } from '@mcp-runtime/api';
import { type Limits } from '@mcp-runtime/policy';
import { WindowCount } from './window-count.ts';

export interface Over {
  readonly reason: Extract<ErrorCode, 'rate_limited' | 'volume_limited' | 'concurrency_limited'>;
  readonly message: string;
  readonly retryAfterMs: number;
}

/** Nobody knows when a call in progress ends. */
const RETRY_CONCURRENCY_MS = 1000;

/** What one caller did under one set of limits. */
export class CallerCounts {
  readonly windowMs: number;
  readonly #calls: WindowCount;
  readonly #requestBytes: WindowCount;
  readonly #responseBytes: WindowCount;
  inProgress = 0;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
    this.#calls = new WindowCount(windowMs);
    this.#requestBytes = new WindowCount(windowMs);
    this.#responseBytes = new WindowCount(windowMs);
  }

  /** Whether a request of so many bytes is too much now. Counts nothing. */
  over(limits: Limits, bytesIn: number, now: number): Over | undefined {
    const seconds = `${limits.windowMs / 1000} s`;
    const { calls, requestBytes, responseBytes, concurrency } = limits;
    if (concurrency !== undefined && this.inProgress >= concurrency)
      return {
        reason: 'concurrency_limited',
        message: `${concurrency} calls may be in progress`,
        retryAfterMs: RETRY_CONCURRENCY_MS,
      };
    return (
      exceeded(this.#calls, 1, calls, now, { reason: 'rate_limited', message: `calls in ${seconds}` }) ??
      exceeded(this.#requestBytes, bytesIn, requestBytes, now, {
        reason: 'volume_limited',
        message: `bytes of requests in ${seconds}`,
      }) ??
      exceeded(this.#responseBytes, 1, responseBytes, now, {
        reason: 'volume_limited',
        message: `bytes of answers in ${seconds}`,
      })
    );
  }

  begin(bytesIn: number, now: number): void {
    this.inProgress += 1;
    this.#calls.add(1, now);
    this.#requestBytes.add(bytesIn, now);
  }

  end(bytesOut: number, now: number): void {
    this.inProgress -= 1;
    this.#responseBytes.add(bytesOut, now);
  }
}

function exceeded(
  count: WindowCount,
  amount: number,
  limit: number | undefined,
  now: number,
  { reason, message }: Pick<Over, 'reason' | 'message'>,
): Over | undefined {
  if (limit === undefined) return undefined;
  const retryAfterMs = count.waitMs(amount, limit, now);
  return retryAfterMs === 0 ? undefined : { reason, message: `at most ${limit} ${message}`, retryAfterMs };
}
