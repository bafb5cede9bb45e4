import { AppError } from '@mcp-runtime/api';
import { SseSplitter, type SseEvent } from '@mcp-runtime/mcp';
import { mediaType } from '../../headers.ts';
import { type AnswerHeaders, type AnswerReceiver, type Flow } from '../../upstream/port.ts';
import { type ServerMessage, readServerMessages } from './server-message.ts';

/** From where a stream that was lost can go on (MCP 2025-11-25, "Resumability"). */
export interface Resumption {
  readonly lastEventId: string;
  readonly retryMs: number;
}

export interface MessageHandlers {
  onOpen(flow: Flow): void;
  /** All that came in one piece. */
  onMessages(messages: readonly ServerMessage[]): void;
  /** The server answered with another status than 2xx. */
  onRefused(status: number, body: string): void;
  /** After the last message; `resumption` where the server gave its events ids. */
  onEnd(resumption: Resumption | undefined): void;
  onFailure(error: AppError): void;
}

const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const MAX_REFUSAL_BYTES = 64 * 1024;
const DEFAULT_RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;

/** Reads an answer of a legacy server, be it JSON or an event stream, as messages. */
export class MessageStream implements AnswerReceiver {
  readonly #handlers: MessageHandlers;
  readonly #splitter = new SseSplitter(MAX_MESSAGE_BYTES);
  #body: Buffer[] = [];
  #bodyBytes = 0;
  #status = 0;
  #isEvents = false;
  #isOver = false;
  #lastEventId: string | undefined;
  #retryMs = DEFAULT_RETRY_MS;

  constructor(handlers: MessageHandlers) {
    this.#handlers = handlers;
  }

  onHead(status: number, headers: AnswerHeaders, flow: Flow): void {
    this.#status = status;
    this.#isEvents = this.#isGood() && mediaType(headers) === 'text/event-stream';
    if (this.#isGood()) this.#handlers.onOpen(flow);
  }

  onChunk(chunk: Buffer): void {
    if (this.#isOver) return;
    if (this.#isEvents) return this.#readEvents(chunk);
    this.#bodyBytes += chunk.length;
    const limit = this.#isGood() ? MAX_MESSAGE_BYTES : MAX_REFUSAL_BYTES;
    if (this.#bodyBytes <= limit) this.#body.push(chunk);
    else if (this.#isGood()) this.#fail('sent an answer that is too long to carry over');
  }

  onEnd(): void {
    if (this.#isOver) return;
    const body = Buffer.concat(this.#body);
    if (!this.#isGood()) return this.#handlers.onRefused(this.#status, body.toString('utf8'));
    if (!this.#isEvents && body.length > 0 && !this.#take(body)) return;
    const lastEventId = this.#lastEventId;
    this.#handlers.onEnd(lastEventId === undefined ? undefined : { lastEventId, retryMs: this.#retryMs });
  }

  onFailure(error: AppError): void {
    if (!this.#isOver) this.#handlers.onFailure(error);
  }

  #isGood(): boolean {
    return this.#status >= 200 && this.#status < 300;
  }

  #readEvents(chunk: Buffer): void {
    let events: readonly SseEvent[];
    try {
      events = this.#splitter.push(chunk);
    } catch {
      return this.#fail('sent an event that is too long to carry over');
    }
    for (const event of events) {
      this.#readFields(event);
      if (event.data !== '' && !this.#take(event.data)) return;
    }
  }

  #readFields({ bytes }: SseEvent): void {
    for (const line of bytes.toString('utf8').split(/\r\n|\r|\n/)) {
      const [, field, value = ''] = /^(id|retry):? ?(.*)$/.exec(line) ?? [];
      if (field === 'id') this.#lastEventId = value === '' ? undefined : value;
      if (field === 'retry' && /^\d{1,9}$/.test(value)) this.#retryMs = Math.min(Number(value), MAX_RETRY_MS);
    }
  }

  #take(json: string | Buffer): boolean {
    const messages = readServerMessages(json);
    if (messages === undefined) this.#fail('sent a message that cannot be read');
    else this.#handlers.onMessages(messages);
    return messages !== undefined;
  }

  #fail(what: string): void {
    this.#isOver = true;
    this.#handlers.onFailure(new AppError('upstream_unavailable', `the MCP server ${what}`));
  }
}
