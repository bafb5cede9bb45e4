import { type Counts } from './judge.ts';

/** What gateways have counted of both versions of a server. */
export interface TrackCounts {
  readonly stable: Counts;
  readonly canary: Counts;
}

/** Adds up what gateways count over the time of one trial: they count from their own start, and on across trials. */
export interface Tally {
  /** Takes what a gateway tells. What it tells first, or again after it has lost count, is where it is counted from. */
  take(gateway: string, counts: TrackCounts): void;
  counts(): TrackCounts;
}

/** `before`: what was counted of the trial already. */
export function createTally(before: TrackCounts): Tally {
  let sum = before;
  const last = new Map<string, TrackCounts>();
  return {
    take: (gateway, counts) => {
      const known = last.get(gateway) ?? counts;
      last.set(gateway, counts);
      sum = {
        stable: added(sum.stable, since(known.stable, counts.stable)),
        canary: added(sum.canary, since(known.canary, counts.canary)),
      };
    },
    counts: () => sum,
  };
}

/** A count that is lower than before began anew: all of it came since. */
function since(before: Counts, now: Counts): Counts {
  if (now.requests < before.requests || now.errors < before.errors) return now;
  return { requests: now.requests - before.requests, errors: now.errors - before.errors };
}

function added(a: Counts, b: Counts): Counts {
  return { requests: a.requests + b.requests, errors: a.errors + b.errors };
}
