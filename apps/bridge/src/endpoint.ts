import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { AppError, HEADERS, asAppError } from '@mcp-runtime/api';
import { EventStream, type EventStreamOptions } from './event-stream.ts';
import { Exchange } from './exchange.ts';
import { acceptsStream, checkHost, eraOf, headerOf, readBody, readClientMessage } from './inbound.ts';
import { type Message, type MessageId, type Request, type Response } from './message.ts';
import { sendEmpty, sendEraFault, sendError, sendFault } from './reply.ts';
import { Session } from './session.ts';
import { type Sessions } from './sessions.ts';
import { type StatelessSide } from './stateless.ts';
import { type Telemetry } from './telemetry.ts';

interface EndpointPorts {
  readonly path: string;
  readonly listenHost: string;
  readonly maxMessageBytes: number;
  readonly sessions: Sessions;
  readonly stateless: StatelessSide;
  readonly telemetry: Telemetry;
  /** Called when a session has begun. */
  readonly onSession: () => void;
}

/** One HTTP request and its answer. */
interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
}

/** Requests of the stateless era that may be open at once. */
const MAX_STATELESS_REQUESTS = 1024;
/** Messages that may wait for a client that does not read. */
const MAX_UNREAD_MESSAGES = 4;

/** The Streamable HTTP endpoint of both eras. */
export class Endpoint {
  readonly #ports: EndpointPorts;
  #statelessRequests = 0;

  constructor(ports: EndpointPorts) {
    this.#ports = ports;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = { request, response, requestId: randomUUID() };
    await this.#guarded(call, null, () => {
      checkHost(request, this.#ports.listenHost);
      if (URL.parse(request.url ?? '', 'http://localhost')?.pathname !== this.#ports.path) {
        throw new AppError('not_found', 'there is nothing at this path');
      }
      if (request.method === 'POST') return this.#post(call);
      if (request.method === 'GET') return this.#get(call);
      if (request.method === 'DELETE') return this.#delete(call);
      throw new AppError('method_not_allowed', 'the endpoint takes GET, POST and DELETE');
    });
  }

  async #guarded(call: Call, id: MessageId | null, work: () => Promise<void> | void): Promise<void> {
    try {
      await work();
    } catch (error) {
      const known = asAppError(error);
      if (known.code === 'internal' && !call.request.destroyed) this.#ports.telemetry.requestFailed(error);
      sendError(call.response, known, id, call.requestId);
    }
  }

  async #post(call: Call): Promise<void> {
    const message = readClientMessage(await readBody(call.request, this.#ports.maxMessageBytes));
    // From here on the client's leaving is told by the `close` of the response.
    if (call.response.destroyed) return;
    if (message.kind === 'fault') return sendFault(call.response, message);
    const id = message.kind === 'request' ? message.id : null;
    await this.#guarded(call, id, () => {
      const era = eraOf(call.request, message);
      if (era.kind === 'refused') return sendEraFault(call.response, era, id);
      return era.kind === 'modern' ? this.#postStateless(call, message) : this.#postToSession(call, message);
    });
  }

  async #postToSession(call: Call, message: Message): Promise<void> {
    const id = headerOf(call.request, 'mcpSessionId');
    const isHello = message.kind === 'request' && message.method === 'initialize';
    if (isHello && id === undefined) return this.#begin(call, message);
    const session = this.#sessionOf(call);
    if (isHello) throw new AppError('invalid_request', 'the session is initialized already');
    if (message.kind === 'request') return session.request(this.#exchange(call, message));
    await session.tell(message);
    sendEmpty(call.response, 202);
  }

  async #begin(call: Call, request: Request): Promise<void> {
    const { id, session } = this.#ports.sessions.open();
    const exchange = this.#exchange(call, request, { [HEADERS.mcpSessionId]: id });
    void exchange.ended.then((answer) => {
      if (answer !== undefined && answer.errorCode === undefined) return this.#ports.onSession();
      return session.close(new AppError('not_found', 'the session did not begin'));
    });
    await session.request(exchange);
  }

  /** A session for one request: the client's leaving cancels it (MCP 2026-07-28, transports). */
  async #postStateless(call: Call, message: Message): Promise<void> {
    if (message.kind !== 'request') return sendEmpty(call.response, 202);
    if (this.#statelessRequests >= MAX_STATELESS_REQUESTS)
      throw new AppError('overloaded', 'too many requests are open');
    const { stateless, telemetry } = this.#ports;
    const session = new Session({ join: stateless.joinFor(message), maxQueued: 0, telemetry, onEnd: () => {} });
    this.#statelessRequests += 1;
    call.response.once('close', () => {
      this.#statelessRequests -= 1;
      void session.close(new AppError('canceled', 'the client went away'));
    });
    await session.request(this.#exchange(call, message, {}, statelessStatusOf));
  }

  #get(call: Call): void {
    const session = this.#sessionOf(call);
    if (!acceptsStream(call.request)) throw new AppError('invalid_request', 'the client takes no event stream');
    if (session.streaming) throw new AppError('conflict', 'the session has a stream already');
    const stream = new EventStream(call.response, this.#streamOptions({}));
    call.response.once('close', () => session.stopListening(stream));
    session.listen(stream);
  }

  async #delete(call: Call): Promise<void> {
    const session = this.#sessionOf(call);
    void session.close(new AppError('canceled', 'the client ended the session'));
    sendEmpty(call.response, 200);
  }

  #sessionOf({ request }: Call): Session {
    const id = headerOf(request, 'mcpSessionId');
    if (id === undefined) throw new AppError('invalid_request', `the ${HEADERS.mcpSessionId} header is missing`);
    return this.#ports.sessions.use(id);
  }

  #exchange(
    { request, response, requestId }: Call,
    message: Request,
    headers: Readonly<Record<string, string>> = {},
    statusOf: (answer: Response) => number = () => 200,
  ): Exchange {
    const accepts = acceptsStream(request) ? 'stream' : 'json';
    return new Exchange(message, response, { ...this.#streamOptions(headers), requestId, accepts, statusOf });
  }

  #streamOptions(headers: Readonly<Record<string, string>>): EventStreamOptions {
    const { maxMessageBytes, telemetry } = this.#ports;
    return { headers, maxUnreadBytes: MAX_UNREAD_MESSAGES * maxMessageBytes, telemetry };
  }
}

/** MCP 2026-07-28: an unknown method is 404, what the envelope gets wrong is 400, a handler's error is 200. */
function statelessStatusOf({ errorCode }: Response): number {
  if (errorCode === -32601) return 404;
  return errorCode !== undefined && errorCode <= -32020 && errorCode >= -32022 ? 400 : 200;
}
