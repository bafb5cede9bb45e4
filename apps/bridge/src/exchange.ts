import { type ServerResponse } from 'node:http';
import { type AppError, ERRORS, toJsonRpcError } from '@mcp-runtime/api';
import { EventStream, type EventStreamOptions } from './event-stream.ts';
import { type Message, type Request, type Response } from './message.ts';

/** A silent answer becomes a stream after this long, so that comments keep it alive. */
const OPEN_STREAM_AFTER_MS = 15_000;

interface ExchangeOptions extends EventStreamOptions {
  readonly requestId: string;
  /** `json` when the client takes no event stream: what precedes the answer goes elsewhere. */
  readonly accepts: 'json' | 'stream';
  /** HTTP status of an answer that comes as JSON. */
  readonly statusOf: (answer: Response) => number;
}

/**
 * One POSTed request and its HTTP answer. It is JSON when the answer is all there is, an event stream when another
 * message comes first. Ends once; what comes after the end, or after the client has gone, is dropped.
 */
export class Exchange {
  readonly request: Request;
  readonly #response: ServerResponse;
  readonly #options: ExchangeOptions;
  readonly #patience: NodeJS.Timeout | undefined;
  readonly #ended = Promise.withResolvers<Response | undefined>();
  #stream: EventStream | undefined;

  constructor(request: Request, response: ServerResponse, options: ExchangeOptions) {
    this.request = request;
    this.#response = response;
    this.#options = options;
    if (options.accepts === 'stream') this.#patience = setTimeout(() => this.#openStream(), OPEN_STREAM_AFTER_MS);
    response.once('close', () => clearTimeout(this.#patience));
  }

  /** Resolves with the server's answer, or with nothing when there will be none. */
  get ended(): Promise<Response | undefined> {
    return this.#ended.promise;
  }

  /** Whether messages before the answer can still go to the client on this way. */
  get streams(): boolean {
    return this.#options.accepts === 'stream' && this.isOpen;
  }

  /** Whether the client still waits for the answer. */
  get isOpen(): boolean {
    return !this.#response.writableEnded && !this.#response.destroyed;
  }

  send(message: Message): void {
    if (this.streams) this.#openStream().send(message);
  }

  answer(response: Response): void {
    const headers = response.errorCode === undefined ? this.#options.headers : {};
    this.#end(response.text, this.#options.statusOf(response), headers);
    this.#ended.resolve(response);
  }

  fail(error: AppError): void {
    const body = toJsonRpcError(error, this.request.id, this.#options.requestId);
    this.#end(JSON.stringify(body), ERRORS[error.code].http, {});
    this.#ended.resolve(undefined);
  }

  /** Ends without an answer: the request was cancelled. */
  drop(): void {
    if (this.isOpen) this.#openStream().end();
    this.#ended.resolve(undefined);
  }

  #openStream(): EventStream {
    return (this.#stream ??= new EventStream(this.#response, this.#options));
  }

  #end(text: string, status: number, headers: Readonly<Record<string, string>>): void {
    clearTimeout(this.#patience);
    if (!this.isOpen) return;
    if (this.#stream !== undefined) {
      this.#stream.send({ text });
      this.#stream.end();
      return;
    }
    this.#response.writeHead(status, {
      ...headers,
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
    });
    this.#response.end(text);
  }
}
