import { type Running } from '@mcp-runtime/base';
import { type OpenExchanges } from './open-exchanges.ts';

/** A listener that can stop taking new connections before it closes. */
export interface Drainable extends Running {
  /** Resolves when every connection has ended; those that become idle are ended. */
  stopAccepting(): Promise<void>;
}

interface DrainOptions {
  readonly listeners: readonly Drainable[];
  readonly open: Pick<OpenExchanges, 'closeStreams' | 'closeAll'>;
  /** How long calls in progress may go on, milliseconds. */
  readonly drainMs: number;
}

/** Streams end at once, with a reason; calls in progress get their time; what is left then ends too. */
export async function drain({ listeners, open, drainMs }: DrainOptions): Promise<void> {
  open.closeStreams();
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, drainMs);
  const finished = Promise.all(listeners.map((listener) => listener.stopAccepting()));
  await Promise.race([finished, late.promise]);
  clearTimeout(timer);
  open.closeAll();
  await Promise.all(listeners.map((listener) => listener.close()));
}
