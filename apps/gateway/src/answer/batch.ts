import { type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { type Exchange } from '../exchange.ts';
import { dataEvent } from './events.ts';

interface Ended {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly text: string;
}

/** What the answers to a batch may have together that are no streams: they are held until the last one is there. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;

/**
 * One HTTP answer to a batch (MCP 2025-03-26, "Streamable HTTP"): a list of the responses, or a stream with all that comes as soon
 * as one of the answers is a stream.
 */
export class BatchAnswer {
  readonly #outer: ServerResponse;
  readonly #exchange: Exchange;
  readonly #members: MemberResponse[] = [];
  readonly #held: Ended[] = [];
  #room = MAX_HELD_BYTES;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#outer = exchange.response;
    this.#outer.once('close', () => {
      for (const member of this.#members) if (!member.writableEnded) member.emit('close');
    });
    this.#outer.on('drain', () => {
      for (const member of this.#members) member.emit('drain');
    });
  }

  /** Where one message of the batch is answered. */
  member(): ServerResponse {
    const member = new MemberResponse(this.#exchange, {
      stream: (bytes) => this.#stream(bytes),
      outer: this.#outer,
      onEnd: (ended) => this.#take(ended),
    });
    this.#members.push(member);
    return member;
  }

  /** Asks for room for so many bytes of an answer that is held. False when there is none. */
  takesRoom(bytes: number): boolean {
    this.#room -= bytes;
    return this.#room >= 0;
  }

  /** When every message has been answered. */
  end(): void {
    if (this.#outer.headersSent || this.#outer.destroyed) {
      this.#outer.end();
      return;
    }
    const texts = this.#held.flatMap(({ text }) => (text === '' ? [] : [text]));
    const refused = this.#held.find(({ status }) => status >= 400);
    const isRefused = refused !== undefined && this.#held.every(({ status }) => status >= 400 || status === 202);
    const status = isRefused ? refused.status : texts.length === 0 ? 202 : 200;
    const body = texts.length === 0 ? '' : `[${texts.join(',')}]`;
    const type = body === '' ? {} : { 'content-type': 'application/json', 'cache-control': 'no-store' };
    const challenge = refused?.headers['www-authenticate'];
    const asked = isRefused && challenge !== undefined ? { 'www-authenticate': challenge } : {};
    this.#outer.writeHead(status, { ...type, ...asked, 'content-length': Buffer.byteLength(body) });
    this.#outer.end(body);
  }

  #take(ended: Ended): void {
    if (!this.#outer.headersSent) this.#held.push(ended);
    else if (ended.text !== '') this.#stream(dataEvent(oneLine(ended.text)));
  }

  #stream(bytes: Buffer | string): boolean {
    if (this.#outer.destroyed) return true;
    if (!this.#outer.headersSent) {
      const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
      this.#outer.writeHead(200, headers);
      for (const { text } of this.#held.splice(0)) if (text !== '') this.#outer.write(dataEvent(oneLine(text)));
    }
    return this.#outer.write(bytes);
  }
}

/** Line ends in a JSON text are space between its parts. */
function oneLine(json: string): string {
  return json.replaceAll(/[\r\n]/g, ' ');
}

interface Sink {
  readonly stream: (bytes: Buffer | string) => boolean;
  /** Where its streams are written to. */
  readonly outer: ServerResponse;
  readonly onEnd: (ended: Ended) => void;
}

/** The part of a response that forwarding uses, without a connection of its own. */
class MemberResponse extends ServerResponse {
  readonly #sink: Sink;
  readonly #chunks: Buffer[] = [];
  #headers: OutgoingHttpHeaders = {};

  constructor({ request }: Exchange, sink: Sink) {
    super(request);
    this.#sink = sink;
    const { outer } = sink;
    // Nothing of it waits by itself: what is behind is the caller of the whole.
    Object.defineProperties(this, {
      writableLength: { get: () => outer.writableLength },
      writableNeedDrain: { get: () => outer.writableNeedDrain },
    });
  }

  override writeHead(status: number, headers: unknown = {}): this {
    this.#headers = { ...(typeof headers === 'object' ? headers : {}) };
    return super.writeHead(status, this.#headers);
  }

  override flushHeaders(): void {}

  override write(chunk: unknown): boolean {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    if (this.#headers['content-type'] === 'text/event-stream') return this.#sink.stream(bytes);
    this.#chunks.push(bytes);
    return true;
  }

  override end(chunk?: unknown): this {
    if (this.writableEnded) return this;
    if (chunk !== undefined && chunk !== '' && typeof chunk !== 'function') this.write(chunk);
    this.finished = true;
    this.#sink.onEnd({
      status: this.statusCode,
      headers: this.#headers,
      text: Buffer.concat(this.#chunks).toString('utf8'),
    });
    return this;
  }
}
