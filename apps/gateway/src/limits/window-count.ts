/**
 * Counts over a sliding window with two numbers: those of the window before fade out while this one fills. What it says is
 * exact when the window before was even, and never lets more than the limit through in one window of its own.
 */
export class WindowCount {
  readonly #windowMs: number;
  #startedAt = 0;
  #before = 0;
  #now = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  add(amount: number, now: number): void {
    this.#roll(now);
    this.#now += amount;
  }

  /** Milliseconds until `amount` more fits under `limit`: 0 when it fits now. More than the limit never does. */
  waitMs(amount: number, limit: number, now: number): number {
    this.#roll(now);
    const room = limit - amount;
    const elapsed = Math.max(0, now - this.#startedAt);
    if (room >= this.#now) return Math.max(0, this.#fadedAt(this.#before, room - this.#now) - elapsed);
    const left = this.#windowMs - elapsed;
    return left + this.#fadedAt(this.#now, Math.max(0, room));
  }

  /** Time after the start of a window at which what was counted before it has faded to `share`. */
  #fadedAt(counted: number, share: number): number {
    if (counted <= share) return 0;
    return Math.ceil(this.#windowMs * (1 - share / counted));
  }

  #roll(now: number): void {
    const elapsed = now - this.#startedAt;
    if (elapsed < this.#windowMs) return;
    this.#before = elapsed < 2 * this.#windowMs ? this.#now : 0;
    this.#now = 0;
    this.#startedAt = now - (elapsed % this.#windowMs);
  }
}
