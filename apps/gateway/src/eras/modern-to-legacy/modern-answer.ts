import { type AppError } from '@mcp-runtime/api';
import { type AnswerReceiver, type Flow } from '../../upstream/port.ts';
import { type ModernReply } from './results.ts';

const KEEP_ALIVE_MS = 15_000;

/**
 * The answer to one request of MCP 2026-07-28: one JSON object, or an event stream as soon as something comes before the
 * result or the result takes its time ("Streamable HTTP").
 */
export class ModernAnswer {
  readonly #receiver: AnswerReceiver;
  readonly #keepAlive: NodeJS.Timeout;
  #isEvents = false;
  #isOver = false;
  /** The stream of the server that is held back while the caller is slow. */
  source: Flow | undefined;

  constructor(receiver: AnswerReceiver) {
    this.#receiver = receiver;
    this.#keepAlive = setInterval(() => this.#say(': keep-alive\n\n'), KEEP_ALIVE_MS).unref();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  notify(message: string): void {
    if (!this.#isOver) this.#say(eventOf(message));
  }

  respond({ status, body }: ModernReply): void {
    if (!this.#close()) return;
    if (this.#isEvents) this.#receiver.onChunk(Buffer.from(eventOf(body)));
    else {
      this.#receiver.onHead(status, { 'content-type': 'application/json' }, this.#flow);
      this.#receiver.onChunk(Buffer.from(body));
    }
    this.#receiver.onEnd();
  }

  /** A stream that ends without a result (MCP 2026-07-28, "Subscriptions"): the caller may open it again. */
  end(): void {
    if (!this.#close()) return;
    if (!this.#isEvents) this.#receiver.onHead(200, { 'content-type': 'text/event-stream' }, this.#flow);
    this.#receiver.onEnd();
  }

  /** For a notification, which has no answer. */
  accept(): void {
    if (!this.#close()) return;
    this.#receiver.onHead(202, {}, this.#flow);
    this.#receiver.onEnd();
  }

  fail(error: AppError): void {
    if (this.#close()) this.#receiver.onFailure(error);
  }

  /** The caller has left: it hears nothing more. */
  giveUp(): void {
    this.#close();
  }

  #close(): boolean {
    clearInterval(this.#keepAlive);
    const wasOpen = !this.#isOver;
    this.#isOver = true;
    return wasOpen;
  }

  #say(event: string): void {
    if (!this.#isEvents) {
      this.#isEvents = true;
      this.#receiver.onHead(200, { 'content-type': 'text/event-stream' }, this.#flow);
    }
    this.#receiver.onChunk(Buffer.from(event));
  }

  readonly #flow: Flow = { pause: () => this.source?.pause(), resume: () => this.source?.resume() };
}

/** JSON may hold line breaks between its tokens. */
function eventOf(json: string): string {
  const data = json.split(/\r\n|\r|\n/).map((line) => `data: ${line}`);
  return `event: message\n${data.join('\n')}\n\n`;
}
