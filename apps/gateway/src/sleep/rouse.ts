import { AppError } from '@mcp-runtime/api';
import { type Endpoint, type Endpoints } from '../routes/endpoints.ts';
import { type Sleeper } from './sleeper.ts';

export interface RouseLimits {
  /** How long a call waits for a server that sleeps, milliseconds. */
  readonly wakeTimeoutMs: number;
  /** Calls that wait for one server at once. */
  readonly maxWaking: number;
}

interface Rousing {
  readonly sleeper: Sleeper;
  readonly endpoints: Endpoints;
  readonly limits: RouseLimits;
  /** When an instance that is already there counts, milliseconds from now. */
  readonly lookAfterMs: number;
  /** Called after this returned, and once of the two. */
  readonly onAwake: (endpoint: Endpoint) => void;
  readonly onFailure: (error: AppError) => void;
}

/**
 * Waits until a server that sleeps has an instance, which the operator sees to when it hears that somebody waits. Returns how
 * to give up. Fails with `server_asleep` when that takes too long, and with `overloaded` when too many wait.
 */
export function rouse({ sleeper, endpoints, limits, lookAfterMs, onAwake, onFailure }: Rousing): () => void {
  const release = sleeper.wait(limits.maxWaking);
  if (release === undefined) {
    const error = new AppError('overloaded', `the MCP server is starting, and ${limits.maxWaking} calls wait for it`);
    const soon = setImmediate(() => onFailure(error));
    return () => clearImmediate(soon);
  }
  const stop = (): void => {
    clearTimeout(late);
    clearTimeout(first);
    unsubscribe();
    release();
  };
  const look = (): void => {
    const endpoint = endpoints.pick();
    if (endpoint === undefined) return;
    stop();
    onAwake(endpoint);
  };
  const unsubscribe = endpoints.subscribe(look);
  const first = setTimeout(look, lookAfterMs);
  const late = setTimeout(() => {
    stop();
    const seconds = Math.round(limits.wakeTimeoutMs / 1000);
    onFailure(new AppError('server_asleep', `the MCP server sleeps, and has not started within ${seconds} s`));
  }, limits.wakeTimeoutMs);
  return stop;
}
