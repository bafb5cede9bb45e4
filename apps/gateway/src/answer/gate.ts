import { type Flow } from '../upstream/port.ts';

/** Why a server is held back: its caller reads slowly, or its answer waits for the record. */
type Reason = 'caller' | 'record';

/** A flow that several have a hand on: it goes on when nobody holds it any more. */
export interface Gate {
  hold(reason: Reason): void;
  release(reason: Reason): void;
  isHeldBy(reason: Reason): boolean;
}

export function createGate(flow: Flow): Gate {
  const reasons = new Set<Reason>();
  return {
    hold: (reason) => {
      if (reasons.size === 0) flow.pause();
      reasons.add(reason);
    },
    release: (reason) => {
      if (reasons.delete(reason) && reasons.size === 0) flow.resume();
    },
    isHeldBy: (reason) => reasons.has(reason),
  };
}
