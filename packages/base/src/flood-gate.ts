import { type Clock } from './clock.ts';

/** Lets things of which somebody may send any number through at a bounded rate, and counts those it holds back. */
export interface FloodGate<Key> {
  /** Whether this one may pass; when not, it is counted under its key. Keys come from a closed set. */
  pass(key: Key): boolean;
  /** How many were held back since the last call, by key. */
  takeHeld(): ReadonlyMap<Key, number>;
}

export interface FloodRate {
  /** How many may pass at once after a quiet time. */
  readonly burst: number;
  readonly perSecond: number;
}

/** A token bucket. */
export function createFloodGate<Key>({ burst, perSecond }: FloodRate, clock: Clock): FloodGate<Key> {
  let held = new Map<Key, number>();
  let left = burst;
  let filledAt = clock();
  return {
    pass: (key) => {
      const now = clock();
      left = Math.min(burst, left + (Math.max(0, now - filledAt) / 1000) * perSecond);
      filledAt = now;
      if (left >= 1) {
        left -= 1;
        return true;
      }
      held.set(key, (held.get(key) ?? 0) + 1);
      return false;
    },
    takeHeld: () => {
      const taken = held;
      held = new Map();
      return taken;
    },
  };
}
