import { type Clock } from '@mcp-runtime/base';
import { type LegacyCall } from './call.ts';

export interface ParkingLimits {
  /** For how long a call waits for its caller, milliseconds. */
  readonly waitMs: number;
  readonly maxPerPrincipal: number;
  readonly maxOverall: number;
}

export const PARKING_LIMITS: ParkingLimits = { waitMs: 10 * 60_000, maxPerPrincipal: 32, maxOverall: 1024 };

interface Parked {
  readonly call: LegacyCall;
  readonly late: NodeJS.Timeout;
  readonly unfollow: () => void;
}

/** Calls whose server waits for an answer while the caller is away. */
export class Parking {
  readonly #limits: ParkingLimits;
  readonly #clock: Clock;
  readonly #parked = new Map<string, Parked>();

  constructor(limits: ParkingLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get waitMs(): number {
    return this.#limits.waitMs;
  }

  /**
   * Until when it may wait, milliseconds since the epoch; undefined when there is no room. `follow` is told how to end the
   * waiting before, and returns how to stop watching for a reason.
   */
  add(call: LegacyCall, follow: (end: (reason: string) => void) => () => void): number | undefined {
    const { waitMs, maxOverall, maxPerPrincipal } = this.#limits;
    if (this.#parked.size >= maxOverall || this.#countOf(call.session.principal) >= maxPerPrincipal) return undefined;
    const end = (reason: string): void => {
      this.remove(call);
      call.abandon(reason);
    };
    const late = setTimeout(() => end('the client did not answer in time'), waitMs).unref();
    this.#parked.set(call.key, { call, late, unfollow: follow(end) });
    return this.#clock() + waitMs;
  }

  /** The call is its caller's again; undefined when it does not wait (any more). */
  take(key: string): LegacyCall | undefined {
    const parked = this.#parked.get(key);
    if (parked === undefined) return undefined;
    this.remove(parked.call);
    return parked.call;
  }

  remove({ key }: LegacyCall): void {
    const parked = this.#parked.get(key);
    this.#parked.delete(key);
    clearTimeout(parked?.late);
    parked?.unfollow();
  }

  abandonAll(reason: string): void {
    for (const { call } of this.#parked.values()) {
      this.remove(call);
      call.abandon(reason);
    }
  }

  #countOf(principal: string): number {
    let count = 0;
    for (const { call } of this.#parked.values()) if (call.session.principal === principal) count += 1;
    return count;
  }
}
