import { type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@mcp-runtime/api';
import { signalAfter } from '@mcp-runtime/base';
import { type ClusterAccess } from './access.ts';
import { type Asked, refusalOf } from './api-status.ts';
import { readBody } from './body.ts';
import { type RateLimiter } from './rate-limiter.ts';
import { type HttpRequest, type Transport } from './transport.ts';

export interface ApiRequest extends Asked {
  readonly method: HttpRequest['method'];
  readonly target: string;
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: unknown;
}

export interface ApiAnswer {
  readonly status: number;
  /** JSON; undefined when the answer is none. */
  readonly body: unknown;
}

interface RequesterOptions {
  readonly access: ClusterAccess;
  readonly transport: Transport;
  readonly limiter: RateLimiter;
  readonly userAgent: string;
  /** For one request, its answer included. */
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
  /** Ends everything. */
  readonly closing: AbortSignal;
}

/** Times that a request goes out again because the server says that it is busy. */
const MAX_BUSY = 3;
const MAX_BUSY_WAIT_MS = 10_000;

/** Authenticated, bounded requests to one API server. */
export class Requester {
  readonly #options: RequesterOptions;

  constructor(options: RequesterOptions) {
    this.#options = options;
  }

  /** The whole answer, when it is a success. @throws AppError by the reason that the server gives */
  async ask(request: ApiRequest): Promise<ApiAnswer> {
    const answer = await this.tryAsk(request);
    if (answer.status >= 300) throw refusalOf(answer.status, answer.body, request);
    return answer;
  }

  /** The whole answer, a refusal included. */
  async tryAsk(request: ApiRequest): Promise<ApiAnswer> {
    const { timeoutMs, maxAnswerBytes, closing, access } = this.#options;
    const signal = signalAfter(timeoutMs, closing);
    try {
      const answer = await this.#sendAuthorized(request, signal);
      const text = await readBody(answer, maxAnswerBytes, access.server);
      return { status: answer.statusCode ?? 0, body: jsonOf(text) };
    } catch (error) {
      throw this.#ended(error, request);
    }
  }

  /** A stream that goes on after its head; the caller reads and ends it. @throws AppError */
  async open(request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { timeoutMs, maxAnswerBytes, closing, access } = this.#options;
    const head = new AbortController();
    const timer = setTimeout(() => head.abort(), timeoutMs);
    try {
      const answer = await this.#sendAuthorized(request, AbortSignal.any([signal, closing, head.signal]));
      if (answer.statusCode === 200) return answer;
      const text = await readBody(answer, maxAnswerBytes, access.server);
      throw refusalOf(answer.statusCode ?? 0, jsonOf(text), request);
    } catch (error) {
      throw this.#ended(error, request);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Renews the credential once when it is refused; waits when the server is busy. */
  async #sendAuthorized(request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    let isRenewed = false;
    for (let busy = 0; ;) {
      await this.#options.limiter.take(signal);
      const answer = await this.#options.transport.send(this.#httpRequest(request, signal));
      if (answer.statusCode === 401 && !isRenewed) {
        isRenewed = true;
        this.#options.access.renew();
      } else if (answer.statusCode === 429 && busy < MAX_BUSY) {
        busy += 1;
        await delay(retryAfterMs(answer), undefined, { signal });
      } else return answer;
      answer.resume();
    }
  }

  #httpRequest({ method, target, accept, contentType, body }: ApiRequest, signal: AbortSignal): HttpRequest {
    return {
      method,
      target,
      headers: {
        accept: accept ?? 'application/json',
        'user-agent': this.#options.userAgent,
        ...(body !== undefined && { 'content-type': contentType ?? 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal,
    };
  }

  #ended(error: unknown, { what }: ApiRequest): unknown {
    if (error instanceof AppError) return error;
    if (this.#options.closing.aborted) return new AppError('service_unavailable', 'the Kubernetes client is closed');
    if (!isAbort(error)) return new AppError('internal', `${what}: the request cannot be sent`, { cause: error });
    const { host } = this.#options.access.server;
    const message = `${what}: the Kubernetes API at \`${host}\` did not answer in ${this.#options.timeoutMs} ms`;
    return new AppError('deadline_exceeded', message, { cause: error });
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}

function retryAfterMs(answer: IncomingMessage): number {
  const seconds = Number(answer.headers['retry-after'] ?? '1');
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1_000, MAX_BUSY_WAIT_MS) : 1_000;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
