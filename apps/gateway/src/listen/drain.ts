import { type Running } from '@mcp-runtime/base';
import { type OpenExchanges } from '../open-exchanges.ts';

/** A listener that can stop taking new connections before it closes. */
export interface Drainable extends Running {
  /** Resolves when every connection has ended; after `courtesyMs` milliseconds those that are idle are ended. */
  stopAccepting(courtesyMs?: number): Promise<void>;
}

interface DrainOptions {
  readonly listeners: readonly Drainable[];
  readonly open: Pick<OpenExchanges, 'all' | 'closeStreams' | 'closeAll'>;
  /** How long calls in progress may go on, milliseconds. */
  readonly drainMs: number;
}

/** Of the time that calls have, for those who call without a pause; a second at most. */
const COURTESY = 0.04;
const MAX_COURTESY_MS = 1000;

/**
 * A caller who is about to use its connection again cannot know that it is being closed, and its call would be lost. So whoever
 * calls in the first moment is answered, and told that this was the last answer on that connection.
 *
 * Streams end at once, with a reason; calls in progress get their time; what is left then ends too.
 */
export async function drain({ listeners, open, drainMs }: DrainOptions): Promise<void> {
  open.closeStreams();
  for (const { exchange } of open.all()) exchange.response.shouldKeepAlive = false;
  const courtesyMs = Math.min(drainMs * COURTESY, MAX_COURTESY_MS);
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, drainMs);
  const finished = Promise.all(listeners.map((listener) => listener.stopAccepting(courtesyMs)));
  await Promise.race([finished, late.promise]);
  clearTimeout(timer);
  open.closeAll();
  await Promise.all(listeners.map((listener) => listener.close()));
}
