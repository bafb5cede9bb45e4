/** What gateways tell of one server, taken together. Times are milliseconds since the epoch. */
export interface Idleness {
  /** Somewhere a call waits for it. */
  readonly wanted: boolean;
  /** Undefined when not every gateway tells of it, or one could not answer for it while it sleeps. */
  readonly known:
    | {
        /** All of it was so at this time, or later. */
        readonly asOf: number;
        readonly lastActiveAt: number;
        /** Calls and streams that have not ended. */
        readonly open: number;
      }
    | undefined;
}

export interface SleepFacts {
  /** Undefined for a server that does not ask to sleep. */
  readonly sleepAfterMs: number | undefined;
  /** Why it never sleeps, whatever it asks for. */
  readonly hindrance: Hindrance | undefined;
  readonly state: 'awake' | 'asleep';
  /** Since when. */
  readonly since: number;
  readonly idleness: Idleness;
  /** It has shaken hands as it is asked for now, and told what it is. */
  readonly isReady: boolean;
  readonly now: number;
}

export type Hindrance = 'Autoscaled' | 'Canary' | 'Remote' | 'Sidecar' | 'Stopped';

export type SleepDecision =
  | { readonly state: 'asleep'; readonly reason: 'Asleep' | 'Idle' }
  | {
      readonly state: 'awake';
      readonly reason:
        | Hindrance
        | 'NotDeclared'
        | 'Wanted'
        | 'NotReady'
        | 'GatewaysUnknown'
        | 'Busy'
        | 'Recent'
        /** What is known is too old to stop a server by: the gateways are to be asked again. */
        | 'Confirming';
    };

/** A call that began since then would be cut short. */
const FRESH_MS = 1000;

/** Pure: whether a server is to run. In doubt it does; one that sleeps goes on to until it is wanted. */
export function decideSleep(facts: SleepFacts): SleepDecision {
  const { sleepAfterMs, hindrance, state, since, idleness, isReady, now } = facts;
  if (sleepAfterMs === undefined) return awake('NotDeclared');
  if (hindrance !== undefined) return awake(hindrance);
  if (idleness.wanted) return awake('Wanted');
  if (state === 'asleep') return { state, reason: 'Asleep' };
  if (!isReady) return awake('NotReady');
  const { known } = idleness;
  if (known === undefined) return awake('GatewaysUnknown');
  if (known.open > 0) return awake('Busy');
  if (known.asOf - Math.max(known.lastActiveAt, since) < sleepAfterMs) return awake('Recent');
  if (now - known.asOf > FRESH_MS) return awake('Confirming');
  return { state: 'asleep', reason: 'Idle' };
}

function awake(reason: Extract<SleepDecision, { state: 'awake' }>['reason']): SleepDecision {
  return { state: 'awake', reason };
}
