import { type GatewayActivity, type ServerDefinitions } from '@mcp-runtime/api';

/** A server that may have no pod for being idle, as one gateway sees it. */
export interface Sleeper {
  /** What it told of itself while it last ran; undefined while that is not known. */
  readonly definitions: ServerDefinitions | undefined;
  know(definitions: ServerDefinitions | undefined): void;
  /** Something that keeps it awake begins. Returns how to say that it ended. */
  begin(): () => void;
  /** A call waits until it runs. Returns how to say that it waits no more; undefined when too many wait already. */
  wait(most: number): (() => void) | undefined;
  /** How many calls wait. */
  waiting(): number;
  activity(): Omit<GatewayActivity['servers'][number], 'server'>;
  /** Calls `listener` when somebody waits for whom nobody waited. Returns how to stop. */
  onWanted(listener: () => void): () => void;
}

/** `clock` is monotonic, milliseconds. A gateway that has just begun knows of no time before. */
export function createSleeper(clock: () => number = () => performance.now()): Sleeper {
  const listeners = new Set<() => void>();
  let definitions: ServerDefinitions | undefined;
  let open = 0;
  let waiting = 0;
  let lastAt = clock();

  return {
    get definitions() {
      return definitions;
    },
    know: (next) => {
      definitions = next;
    },
    begin: () => {
      open += 1;
      lastAt = clock();
      return once(() => {
        open -= 1;
        lastAt = clock();
      });
    },
    wait: (most) => {
      if (waiting >= most) return undefined;
      waiting += 1;
      if (waiting === 1) for (const listener of listeners) listener();
      return once(() => {
        waiting -= 1;
      });
    },
    waiting: () => waiting,
    activity: () => ({
      idle_ms: Math.max(0, Math.round(clock() - lastAt)),
      open,
      wanted: waiting > 0,
      knows: definitions !== undefined,
    }),
    onWanted: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}
