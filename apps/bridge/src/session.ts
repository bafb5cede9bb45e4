import { AppError, asAppError } from '@mcp-runtime/api';
import { type Receiver } from './child.ts';
import { type EventStream } from './event-stream.ts';
import { type Exchange } from './exchange.ts';
import {
  type Message,
  type Notification,
  type Request,
  type Response,
  cancelledIdOf,
  isAboutServer,
  keyOfId,
  progressOf,
  progressTokenOf,
  subscriptionIdOf,
} from './message.ts';
import { type Telemetry } from './telemetry.ts';

/** The way to the server that a session has: a process of its own, or a place at a shared one. */
export interface Upstream {
  send(message: Message): Promise<void>;
  /** Gives the way up: ends the process, or what is open on the shared one. */
  leave(): Promise<void>;
}

/** Joins a receiver to a server. */
export type Join = (receiver: Receiver) => Upstream;

interface SessionOptions {
  readonly join: Join;
  /** Messages kept for a client that has no stream open; the oldest go first. */
  readonly maxQueued: number;
  readonly telemetry: Telemetry;
  /** Called once, when the session has ended. */
  readonly onEnd: () => void;
}

const MAX_OPEN_REQUESTS = 256;

/** What one client sees of a server: its open requests, its stream, and who is told what. */
export class Session implements Receiver {
  readonly #options: SessionOptions;
  readonly #upstream: Upstream;
  readonly #exchanges = new Map<string, Exchange>();
  /** Requests of the server that the client has not answered. */
  readonly #asked = new Set<string>();
  #queue: Message[] = [];
  #stream: EventStream | undefined;
  #end: AppError | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#upstream = options.join(this);
  }

  /** Whether the client waits for something: an answer, or whatever comes on its stream. */
  get busy(): boolean {
    return this.streaming || [...this.#exchanges.values()].some(({ isOpen }) => isOpen);
  }

  get streaming(): boolean {
    return this.#stream !== undefined;
  }

  /** Passes a request on; the exchange ends when its answer has come or can no longer come. */
  async request(exchange: Exchange): Promise<void> {
    const { request } = exchange;
    const key = keyOfId(request.id);
    if (this.#end !== undefined) throw this.#end;
    if (this.#exchanges.has(key)) throw new AppError('invalid_request', 'a request of that id is open');
    if (this.#exchanges.size >= MAX_OPEN_REQUESTS) throw new AppError('overloaded', 'too many requests are open');
    this.#exchanges.set(key, exchange);
    try {
      await this.#upstream.send(request);
    } catch (error) {
      this.#takeExchange(request.id)?.fail(asAppError(error));
    }
  }

  /** Passes on what needs no answer. A response that nobody waits for is dropped. */
  async tell(message: Notification | Response): Promise<void> {
    if (message.kind === 'response' && !this.#asked.delete(keyOfId(message.id))) return;
    await this.#upstream.send(message);
    const cancelled = message.kind === 'notification' ? cancelledIdOf(message) : undefined;
    if (cancelled === undefined) return;
    this.#takeExchange(cancelled)?.drop();
  }

  /** Makes `stream` the one for messages that belong to no request, and sends what has waited for it. */
  listen(stream: EventStream): void {
    this.#stream = stream;
    for (const message of this.#queue.splice(0)) stream.send(message);
  }

  stopListening(stream: EventStream): void {
    if (this.#stream === stream) this.#stream = undefined;
  }

  receive(message: Message): void {
    if (message.kind === 'response') {
      this.#takeExchange(message.id)?.answer(message);
      return;
    }
    if (message.kind === 'request') this.#remember(message);
    const way = this.#exchangeFor(message) ?? this.#stream ?? this.#lastWayFor(message);
    if (way === undefined) this.#wait(message);
    else way.send(message);
  }

  ended(error: AppError): void {
    if (this.#end !== undefined) return;
    this.#end = error;
    for (const exchange of this.#exchanges.values()) exchange.fail(error);
    this.#exchanges.clear();
    this.#stream?.end();
    this.#queue = [];
    this.#options.onEnd();
  }

  /** Ends the session: open requests fail with `error` at once. Resolves when the server is rid of it. */
  async close(error: AppError): Promise<void> {
    this.ended(error);
    await this.#upstream.leave();
  }

  #takeExchange(id: string | number): Exchange | undefined {
    const key = keyOfId(id);
    const exchange = this.#exchanges.get(key);
    this.#exchanges.delete(key);
    return exchange;
  }

  #remember({ id }: Request): void {
    this.#asked.add(keyOfId(id));
    const [oldest] = this.#asked;
    if (this.#asked.size > MAX_OPEN_REQUESTS && oldest !== undefined) this.#asked.delete(oldest);
  }

  /** The request that a message of the server belongs to, as far as it can be told. */
  #exchangeFor(message: Request | Notification): Exchange | undefined {
    const open = [...this.#exchanges.values()];
    if (message.kind === 'notification') {
      const token = progressOf(message);
      const subscription = subscriptionIdOf(message);
      if (subscription !== undefined) return open.find(({ request }) => request.id === subscription);
      if (token !== undefined) return streaming(open.find(({ request }) => progressTokenOf(request) === token));
      if (isAboutServer(message)) return undefined;
    }
    return open.length === 1 ? streaming(open[0]) : undefined;
  }

  /** A server waits for the answer to its request: rather on the stream of any open request than never. */
  #lastWayFor(message: Request | Notification): Exchange | undefined {
    return message.kind === 'request' ? [...this.#exchanges.values()].findLast(({ streams }) => streams) : undefined;
  }

  #wait(message: Request | Notification): void {
    this.#queue.push(message);
    if (this.#queue.length <= this.#options.maxQueued) return;
    const dropped = this.#queue.shift();
    if (dropped !== undefined && dropped.kind !== 'response') this.#options.telemetry.undeliverable(dropped.method);
  }
}

function streaming(exchange: Exchange | undefined): Exchange | undefined {
  return exchange?.streams === true ? exchange : undefined;
}
