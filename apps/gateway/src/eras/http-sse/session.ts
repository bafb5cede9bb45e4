import { AppError } from '@mcp-runtime/api';
import { type Logger } from '@mcp-runtime/base';
import { type Message } from '@mcp-runtime/mcp';
import { type Flow, type Upstream, type UpstreamRequest } from '../../upstream/port.ts';
import { type Outlet } from '../outlet.ts';
import { endpointOf } from './endpoint.ts';
import { eventReceiver } from './event-stream.ts';
import { post } from './post.ts';
import { type ServerMessage, readServerMessage } from './server-message.ts';

export interface SessionPorts {
  readonly upstream: Pick<Upstream, 'send'>;
  readonly log: Logger;
  readonly limits: {
    readonly maxEventBytes: number;
    /** For the server to open the stream and name its endpoint, milliseconds. */
    readonly openTimeoutMs: number;
  };
  /** The session does not exist any more. */
  readonly onGone: () => void;
}

interface OpenRequest {
  readonly outlet: Outlet;
  readonly method: string;
  /** Text of its progress token; undefined without one. */
  readonly token: unknown;
  readonly late: NodeJS.Timeout | undefined;
}

type Request = Extract<Message, { kind: 'request' }>;

/** Messages without a stream to go to that wait for one. */
const MAX_WAITING = 64;
const MAX_OPEN_REQUESTS = 256;
/** Requests during which a server may have a question (MCP 2025-11-25). */
const MAY_ASK: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

/**
 * One session with an HTTP+SSE server (MCP 2024-11-05): everything that the server says comes on one stream, and the session
 * lives as long as that. Each message is given to the one stream of the client that it belongs to.
 */
export class SseSession {
  readonly #target: URL;
  readonly #ports: SessionPorts;
  readonly #ready = Promise.withResolvers<URL>();
  readonly #open = new Map<string, OpenRequest>();
  /** Requests of the server that the client has not answered. */
  readonly #asked = new Set<string>();
  #waiting: string[] = [];
  #standing: Outlet | undefined;
  #flow: Flow | undefined;
  #giveUp: () => void = () => {};
  #isOver = false;

  constructor(target: URL, ports: SessionPorts) {
    this.#target = target;
    this.#ports = ports;
    this.#ready.promise.catch(() => {});
  }

  get isQuiet(): boolean {
    return this.#open.size === 0 && this.#standing === undefined;
  }

  /** Opens the stream. `headers` are those that every request to the server has. */
  start(headers: Readonly<Record<string, string>>): void {
    const { upstream, limits } = this.#ports;
    const late = setTimeout(
      () => this.end(new AppError('upstream_timeout', 'the MCP server did not open its stream in time')),
      limits.openTimeoutMs,
    );
    this.#ready.promise.then(
      () => clearTimeout(late),
      () => clearTimeout(late),
    );
    const receiver = eventReceiver(
      {
        onOpen: (flow) => {
          this.#flow = flow;
        },
        onEvent: (name, data) => this.#onEvent(name, data),
        onEnd: (error) => this.end(error),
      },
      limits.maxEventBytes,
    );
    const request = {
      method: 'GET',
      headers: { ...headers, accept: 'text/event-stream' },
      body: null,
      idleTimeoutMs: 0,
    };
    this.#giveUp = upstream.send(this.#target, { ...request, method: 'GET' }, receiver);
  }

  /** Sends a request; its answer goes to the outlet. */
  async ask(message: Request, request: UpstreamRequest, outlet: Outlet): Promise<void> {
    const key = JSON.stringify(message.id);
    if (this.#open.has(key)) throw new AppError('invalid_request', 'a request with that id is open in this session');
    if (this.#open.size >= MAX_OPEN_REQUESTS)
      throw new AppError('overloaded', 'too many requests are open in this session');
    const { idleTimeoutMs } = request;
    const late = idleTimeoutMs === 0 ? undefined : setTimeout(() => this.#onLate(key, request), idleTimeoutMs);
    const meta = message.params['_meta'];
    const token = typeof meta === 'object' && meta !== null && 'progressToken' in meta ? meta.progressToken : undefined;
    this.#open.set(key, { outlet, method: message.method, token, late });
    outlet.follow(this.#flow);
    try {
      await this.#post(request);
    } catch (error) {
      this.#close(key);
      throw error;
    }
  }

  /** Sends a notification. A request that it cancels is not answered any more. */
  async notify(message: Extract<Message, { kind: 'notification' }>, request: UpstreamRequest): Promise<void> {
    await this.#post(request);
    const { requestId } = message.params;
    if (message.method !== 'notifications/cancelled') return;
    this.#close(JSON.stringify(requestId))?.outlet.fail(new AppError('canceled', 'the caller cancelled the request'));
  }

  /** Sends the answer to a request of the server: once, while it is open. Tells whether it was. */
  async answer(id: string | number, request: UpstreamRequest): Promise<'taken' | 'not asked'> {
    if (!this.#asked.delete(JSON.stringify(id))) return 'not asked';
    await this.#post(request);
    return 'taken';
  }

  /** Nobody waits for the answer any more: the server is told so. */
  forget(id: string | number, { headers }: UpstreamRequest): void {
    if (this.#close(JSON.stringify(id)) !== undefined) this.#tellCancelled(id, headers);
  }

  /** The client's stream for what belongs to no request. There is one. */
  attach(outlet: Outlet): void {
    this.#standing?.close();
    this.#standing = outlet;
    outlet.follow(this.#flow);
    outlet.open();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const text of waiting) outlet.say(text);
  }

  detach(outlet: Outlet): void {
    outlet.abandon();
    if (this.#standing === outlet) this.#standing = undefined;
  }

  /** Ends the session: what is open fails with the error. */
  end(error: AppError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#giveUp();
    this.#ready.reject(error);
    for (const key of this.#open.keys()) this.#close(key)?.outlet.fail(error);
    this.#standing?.close();
    this.#ports.onGone();
  }

  async #post(request: UpstreamRequest): Promise<void> {
    const endpoint = await this.#ready.promise;
    const outcome = await post(this.#ports.upstream, endpoint, request);
    if (outcome === 'taken') return;
    const error = new AppError('upstream_unavailable', 'the MCP server did not take the message');
    // A server that does not know the session has lost it.
    if (outcome === 'no session') this.end(error);
    throw error;
  }

  #onEvent(name: string, data: string): void {
    if (this.#isOver) return;
    if (name === 'endpoint') {
      const endpoint = endpointOf(data, this.#target);
      if (endpoint === undefined) this.end(new AppError('upstream_unavailable', FOREIGN_ENDPOINT));
      else this.#ready.resolve(endpoint);
      return;
    }
    if (name !== 'message') return;
    const message = readServerMessage(data);
    if (message === undefined) {
      this.#ports.log.warn('a message of an HTTP+SSE server cannot be read', { target: this.#target.href });
    } else this.#deliver(message, data);
  }

  #deliver(message: ServerMessage, text: string): void {
    if (message.kind === 'response') {
      this.#close(JSON.stringify(message.id))?.outlet.end(text);
      return;
    }
    if (message.kind === 'progress') {
      const asked = [...this.#open.values()].find(({ token }) => token !== undefined && token === message.token);
      asked?.late?.refresh();
      asked?.outlet.say(text);
      return;
    }
    if (message.kind === 'request') this.#asked.add(JSON.stringify(message.id));
    else if (message.cancels !== undefined) this.#asked.delete(JSON.stringify(message.cancels));
    const outlet = this.#streamFor(message.kind);
    if (outlet !== undefined) outlet.say(text);
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(text);
  }

  /** A question belongs to the call during which it comes, where there is one only; other messages to the session. */
  #streamFor(kind: 'request' | 'notification'): Outlet | undefined {
    const calls = [...this.#open.values()].filter(({ method }) => MAY_ASK.has(method));
    if (kind === 'request' && calls.length === 1) return calls[0]?.outlet;
    return this.#standing ?? calls.at(-1)?.outlet;
  }

  #onLate(key: string, { headers }: UpstreamRequest): void {
    const late = this.#close(key);
    if (late === undefined) return;
    late.outlet.fail(new AppError('upstream_timeout', 'the MCP server did not answer in time'));
    const id: unknown = JSON.parse(key);
    if (typeof id === 'string' || typeof id === 'number') this.#tellCancelled(id, headers);
  }

  /** Best effort: the answer, if there is one, is dropped either way. */
  #tellCancelled(requestId: string | number, headers: Readonly<Record<string, string>>): void {
    const body = Buffer.from(
      JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } }),
    );
    this.#post({ method: 'POST', headers, body, idleTimeoutMs: NOTICE_TIMEOUT_MS }).catch(() => {});
  }

  /** Takes a request out of those that are open. */
  #close(key: string): OpenRequest | undefined {
    const request = this.#open.get(key);
    this.#open.delete(key);
    clearTimeout(request?.late);
    return request;
  }
}

const NOTICE_TIMEOUT_MS = 10_000;
const FOREIGN_ENDPOINT = 'the MCP server names an endpoint that is none of its own';
