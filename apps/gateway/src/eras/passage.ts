import { type Exchange } from '../exchange.ts';
import { type AnswerReceiver, type UpstreamRequest } from '../upstream/port.ts';

/** An authorized exchange on its way to its server: who calls, which message, of which era. */
export interface Passage {
  readonly exchange: Exchange;
  readonly target: URL;
  /** What the server gets where both sides speak the same era: the caller's bytes, and the headers that may cross. */
  readonly request: UpstreamRequest;
}

/**
 * How an exchange gets to a server and back. The receiver hears an answer of the caller's era, whatever the server speaks;
 * otherwise it is what `Upstream` promises: `send` returns how to give up, and calls the receiver only after it returned.
 */
export interface Way {
  send(passage: Passage, receiver: AnswerReceiver): () => void;
}

const OF_THE_PROTOCOL: ReadonlySet<string> = new Set([
  'accept',
  'content-type',
  'last-event-id',
  'traceparent',
  'tracestate',
]);

/** Of the headers that go to a server, those that say nothing about one message, such as its credential. */
export function standingHeaders(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !OF_THE_PROTOCOL.has(name) && !name.startsWith('mcp-')),
  );
}
