import { type LeaderClock } from '../leader.ts';

export interface ManualClock {
  /** A clock of the same time whose wall clock is wrong by `skewMs`. */
  skewed(skewMs: number): LeaderClock;
  /** Moves the time on, and lets everything that waits for it run as it comes due. */
  advance(ms: number): Promise<void>;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

export function manualClock(start = Date.parse('2026-01-02T03:04:05Z')): ManualClock {
  const sleepers = new Set<Sleeper>();
  let elapsed = 0;
  const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const sleeper: Sleeper = {
        at: elapsed + Math.max(ms, 0),
        wake: () => {
          sleepers.delete(sleeper);
          signal.removeEventListener('abort', sleeper.wake);
          resolve();
        },
      };
      if (signal.aborted) return resolve();
      sleepers.add(sleeper);
      signal.addEventListener('abort', sleeper.wake);
    });
  return {
    skewed: (skewMs) => ({ elapsed: () => elapsed, now: () => start + elapsed + skewMs, sleep, random: () => 0.5 }),
    advance: async (ms) => {
      const end = elapsed + ms;
      await settled();
      for (;;) {
        const next = [...sleepers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        elapsed = Math.max(elapsed, next.at);
        next.wake();
        await settled();
      }
      elapsed = end;
    },
  };
}

/** Once all that needs no time is done. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
