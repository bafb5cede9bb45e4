import { type ServerResponse } from 'node:http';
import { type Message } from './message.ts';
import { type Telemetry } from './telemetry.ts';

/** Comments keep the stream alive through proxies that cut what is silent. */
const KEEP_ALIVE_MS = 15_000;

export interface EventStreamOptions {
  /** Of an answer that is no error. */
  readonly headers: Readonly<Record<string, string>>;
  /** What may wait for a client that does not read; more ends the stream. */
  readonly maxUnreadBytes: number;
  readonly telemetry: Telemetry;
}

/** An answer of `text/event-stream`: its head is sent at once. Without event ids: nothing is resumed. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #options: EventStreamOptions;
  readonly #keepAlive: NodeJS.Timeout;

  constructor(response: ServerResponse, options: EventStreamOptions) {
    this.#response = response;
    this.#options = options;
    response.writeHead(200, {
      ...options.headers,
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    response.flushHeaders();
    this.#keepAlive = setInterval(() => this.#write(':\n\n'), KEEP_ALIVE_MS);
    response.once('close', () => clearInterval(this.#keepAlive));
  }

  send(message: Pick<Message, 'text'>): void {
    this.#write(`event: message\ndata: ${message.text}\n\n`);
  }

  end(): void {
    clearInterval(this.#keepAlive);
    this.#response.end();
  }

  #write(text: string): void {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    this.#response.write(text);
    if (this.#response.writableLength <= this.#options.maxUnreadBytes) return;
    this.#options.telemetry.clientTooSlow();
    this.#response.destroy();
  }
}
