import { AppError, type ErrorCode, HEADERS } from '@mcp-runtime/api';
import { isLostSession } from '@mcp-runtime/mcp';
import { type Permit } from '@mcp-runtime/policy';
import { type AnswerBody, type Delivery } from './answer/delivery.ts';
import { dataEvent, eventsBody } from './answer/events.ts';
import { createGate } from './answer/gate.ts';
import { heldBody } from './answer/held.ts';
import { plainBody } from './answer/plain.ts';
import { shortBody } from './answer/short.ts';
import { responseThrough } from './answer/view.ts';
import { viewsOf, viewsOfStream } from './answer/views.ts';
import { unreadable, wholeBody } from './answer/whole.ts';
import { askAgain } from './authorize.ts';
import { denialReply } from './denial.ts';
import { type Ways } from './eras/ways.ts';
import { type Endpoint, type Endpoints, placedText } from './routes/endpoints.ts';
import { type Exchange, isStream, placeOf } from './exchange.ts';
import { answeredSessionId, bodyLength, callerHeaders, mediaType, sessionIdOf, upstreamHeaders } from './headers.ts';
import { Notices, listsToldOn } from './notices.ts';
import { type OpenExchanges } from './open-exchanges.ts';
import { otherEndpoint } from './routes/placing.ts';
import { rouse } from './sleep/rouse.ts';
import { type Sleeper } from './sleep/sleeper.ts';
import { answerFrom, isAboutDefinitions } from './sleep/told.ts';
import { failureReply, sendReply } from './reply.ts';
import { type Ending } from './record/event.ts';
import { type Place } from './seal/seal.ts';
import { type SessionSeal } from './seal/session-seal.ts';
import { type TaskSeal } from './seal/task-seal.ts';
import { type AnswerHeaders, type AnswerReceiver, type Flow, type UpstreamRequest } from './upstream/port.ts';
import { isUnsent } from './upstream/unsent.ts';

export interface ForwardPorts {
  /** The ways to servers, which bridge where caller and server speak different eras. */
  readonly ways: Ways;
  readonly open: OpenExchanges;
  readonly seal: SessionSeal;
  readonly taskSeal: TaskSeal;
  /** Appends the audit event. Rejects only where the server asks that nothing goes unrecorded. */
  readonly record: (exchange: Exchange, ending: Ending) => Promise<void>;
  readonly limits: Readonly<
    Record<
      | 'answerTimeoutMs'
      | 'streamTimeoutMs'
      | 'abandonedTimeoutMs'
      | 'maxListBytes'
      | 'maxEventBytes'
      | 'wakeTimeoutMs'
      | 'maxWaking',
      number
    >
  >;
}

/** Takes an authorized exchange to its server and back. Resolves when it has ended; never rejects. */
export function forward(permit: Permit, exchange: Exchange, target: URL, ports: ForwardPorts): Promise<void> {
  exchange.verdict = { by: 'policy', decision: permit };
  return new Forwarding(exchange, target, ports).run();
}

/** Longer answers are not those that are looked for: a task that was created, a session that is lost. */
const MAX_SHORT_BYTES = 64 * 1024;

/** A pod that has just started may be known before the way to it is open. */
const TRY_AGAIN_MS = 250;
const FREE_FLOW: Flow = { pause: () => {}, resume: () => {} };

class Forwarding implements AnswerReceiver {
  readonly #exchange: Exchange;
  #target: URL;
  readonly #ports: ForwardPorts;
  readonly #notices: Notices | undefined;
  readonly #ended = Promise.withResolvers<void>();
  #body: AnswerBody | undefined;
  #status = 0;
  #isEvents = false;
  #bytesSeen = 0;
  #recorded: Promise<void> | undefined;
  #giveUp: () => void = () => {};
  #isOver = false;
  #request: UpstreamRequest | undefined;
  #attempts = 0;
  /** Of the time that it may wait for a server that sleeps; undefined before it does. */
  #wakeLeftMs: number | undefined;

  constructor(exchange: Exchange, target: URL, ports: ForwardPorts) {
    this.#exchange = exchange;
    this.#target = target;
    this.#ports = ports;
    const told = listsToldOn(exchange);
    if (told.length > 0) this.#notices = new Notices(exchange, told);
  }

  async run(): Promise<void> {
    const exchange = this.#exchange;
    const { open, limits } = this.#ports;
    const remove = open.add({
      exchange,
      ask: (policy, now) => askAgain(exchange, policy, now),
      cut: (reason, message) => void this.#cut(reason, message),
      isStream: isStream(exchange),
      hears: this.#notices !== undefined,
      keepAlive: () => this.#keepAlive(),
      tell: (lists) => {
        if (!this.#isOver) this.#notices?.tell(lists);
      },
    });
    exchange.response.once('close', () => this.#onCallerGone());
    const idleTimeoutMs = exchange.verb === 'GET' ? limits.streamTimeoutMs : limits.answerTimeoutMs;
    const { streamTimeoutMs } = limits;
    const body = exchange.verb === 'POST' ? exchange.body : null;
    this.#request = { method: exchange.verb, headers: upstreamHeaders(exchange), body, idleTimeoutMs, streamTimeoutMs };
    const letSleep = this.#keepAwake();
    this.#send(this.#request);
    await this.#ended.promise;
    letSleep?.();
    if (exchange.endpoint !== undefined) exchange.endpoint.inFlight -= 1;
    remove();
  }

  /** What would wake a server keeps it awake; what it told of itself is told of it also while it sleeps. */
  #keepAwake(): (() => void) | undefined {
    const { route, caller } = this.#exchange;
    if (caller.source === 'probe' || isAboutDefinitions(this.#exchange)) return undefined;
    return route.sleeper?.begin();
  }

  #send(request: UpstreamRequest): void {
    const exchange = this.#exchange;
    const { sleeper, endpoints } = exchange.route;
    if (sleeper !== undefined && endpoints !== undefined && exchange.endpoint === undefined)
      return this.#sendToSleeper(sleeper, endpoints, request);
    this.#attempts += 1;
    if (exchange.endpoint !== undefined) exchange.endpoint.inFlight += 1;
    this.#giveUp = this.#ports.ways.send({ exchange, target: this.#target, request }, this);
  }

  #sendToSleeper(sleeper: Sleeper, endpoints: Endpoints, request: UpstreamRequest): void {
    const told = sleeper.definitions && answerFrom(sleeper.definitions, this.#exchange);
    if (told !== undefined) return this.#answerWith(told);
    this.#waitForOne(sleeper, endpoints, request, 0);
  }

  #answerWith(body: string): void {
    const soon = setImmediate(() => {
      this.onHead(200, { 'content-type': 'application/json' }, FREE_FLOW);
      this.onChunk(Buffer.from(body));
      this.onEnd();
    });
    this.#giveUp = () => clearImmediate(soon);
  }

  #waitForOne(sleeper: Sleeper, endpoints: Endpoints, request: UpstreamRequest, lookAfterMs: number): void {
    const startedAt = performance.now();
    this.#wakeLeftMs ??= this.#ports.limits.wakeTimeoutMs;
    this.#giveUp = rouse({
      sleeper,
      endpoints,
      limits: { ...this.#ports.limits, wakeTimeoutMs: this.#wakeLeftMs },
      lookAfterMs,
      onAwake: (endpoint) => {
        this.#wakeLeftMs = Math.max(0, (this.#wakeLeftMs ?? 0) - (performance.now() - startedAt));
        this.#goTo(endpoint, request);
      },
      onFailure: (error) => void this.#fail(error),
    });
  }

  #goTo(endpoint: Endpoint, request: UpstreamRequest): void {
    this.#exchange.endpoint = endpoint;
    this.#target = endpoint.url;
    this.#send(request);
  }

  onHead(status: number, headers: AnswerHeaders, flow: Flow): void {
    if (this.#isOver) return;
    if (status === 401 || status === 403 || status === 407) {
      this.#exchange.credential?.refused();
      this.#giveUp();
      void this.#fail(new AppError('upstream_unavailable', 'the MCP server refused the gateway'));
      return;
    }
    if (status >= 400) this.#ports.ways.doubt(this.#target);
    this.#status = status;
    const type = mediaType(headers);
    this.#isEvents = type === 'text/event-stream';
    const delivery: Delivery = {
      exchange: this.#exchange,
      gate: createGate(flow),
      status,
      headers: callerHeaders(this.#exchange, headers, this.#sessionFor(headers)),
      length: bodyLength(headers),
      record: (ending) => this.#record(ending),
      fail: (error) => this.#failHere(error),
    };
    if (this.#exchange.verb === 'GET' && this.#isEvents) {
      this.#openStream(delivery);
      return;
    }
    const body = this.#bodyFor(delivery);
    const { takesRoom } = this.#exchange;
    this.#body = takesRoom === undefined || this.#isEvents ? body : heldBody(delivery, body, takesRoom);
  }

  #bodyFor(delivery: Delivery): AnswerBody {
    const { limits } = this.#ports;
    const exchange = this.#exchange;
    const views = viewsOf(exchange, {
      sealTask: (id, tool) => this.#sealTask(id, tool),
      canTell: exchange.era.kind === 'modern' || HEADERS.mcpSessionId in delivery.headers,
      // The caller hears nothing before the acknowledgement, which goes out in this turn.
      onAcknowledged: () => queueMicrotask(() => this.#notices?.open()),
    });
    if (this.#isEvents) return eventsBody(delivery, views, limits.maxEventBytes);
    // What creates a task is short, and what it answers otherwise may be long.
    if (exchange.target?.kind === 'tool' && views.length > 0) {
      return shortBody(delivery, MAX_SHORT_BYTES, (text) => responseThrough(views, text) ?? unreadable());
    }
    if (views.length > 0) return wholeBody(delivery, views, limits.maxListBytes);
    if (delivery.status !== 400 || exchange.upstreamSession === undefined) return plainBody(delivery);
    return shortBody(delivery, MAX_SHORT_BYTES, (text) =>
      isLostSession(text) ? new AppError('not_found', 'session not found') : text,
    );
  }

  /** A stream has no end to wait for: its record is written before its first byte. */
  #openStream(delivery: Delivery): void {
    delivery.gate.hold('record');
    this.#body = { onChunk: () => {}, onEnd: async () => {} };
    this.#record({ status: delivery.status, outcome: 'ok' })
      .then(() => {
        this.#body = eventsBody(delivery, viewsOfStream(this.#exchange), this.#ports.limits.maxEventBytes);
        delivery.gate.release('record');
      })
      .catch((error: unknown) => this.#failUndelivered(error));
  }

  onChunk(chunk: Buffer): void {
    if (!this.#isOver) this.#body?.onChunk(chunk);
  }

  onEnd(): void {
    if (this.#isOver || this.#body === undefined) return;
    this.#body.onEnd().then(
      () => this.#end(),
      (error: unknown) => this.#failUndelivered(error),
    );
  }

  onFailure(error: AppError): void {
    if (this.#isOver || this.#goesElsewhere(error)) return;
    this.#ports.ways.doubt(this.#target);
    void this.#fail(error);
  }

  /** Of what no byte has left for an endpoint, another endpoint is tried, once. */
  #goesElsewhere(error: AppError): boolean {
    const exchange = this.#exchange;
    const { endpoint, route } = exchange;
    const request = this.#request;
    if (endpoint === undefined || request === undefined || !isUnsent(error, request)) return false;
    route.endpoints?.avoid(endpoint);
    const other = this.#attempts === 1 ? otherEndpoint(exchange) : undefined;
    if (other !== undefined) {
      endpoint.inFlight -= 1;
      this.#goTo(other, request);
      return true;
    }
    return this.#waitsAgain(request);
  }

  /** Nothing of the call has left: a server that has just gone to sleep, or only just wakes, may still get it. */
  #waitsAgain(request: UpstreamRequest): boolean {
    const exchange = this.#exchange;
    const { sleeper, endpoints } = exchange.route;
    const isBound = exchange.upstreamSession !== undefined || (exchange.tasks?.size ?? 0) > 0;
    if (sleeper === undefined || endpoints === undefined || isBound || exchange.caller.source === 'probe') return false;
    if (exchange.endpoint !== undefined) exchange.endpoint.inFlight -= 1;
    exchange.endpoint = undefined;
    this.#waitForOne(sleeper, endpoints, request, TRY_AGAIN_MS);
    return true;
  }

  /** The session id that the caller may know: its own again, or a sealed one for a session that was opened. */
  #sessionFor(headers: AnswerHeaders): string | undefined {
    const exchange = this.#exchange;
    const answered = answeredSessionId(headers);
    if (exchange.era.kind === 'modern' || answered === '') return undefined;
    if (answered === exchange.upstreamSession) return sessionIdOf(exchange);
    return this.#ports.seal.seal(placedText(exchange.endpoint, answered), this.#place());
  }

  #sealTask(id: string, tool: string): string {
    return this.#ports.taskSeal.seal({ id: placedText(this.#exchange.endpoint, id), tool }, this.#place());
  }

  #place(): Place {
    return (
      placeOf(this.#exchange) ?? {
        ...this.#exchange.route,
        upstream: this.#target,
        identity: this.#exchange.caller.identity,
      }
    );
  }

  /** A comment on a stream that said nothing since the last one, so that nobody between takes it for dead. */
  #keepAlive(): void {
    const { response, bytesOut } = this.#exchange;
    const isQuiet = bytesOut === this.#bytesSeen;
    this.#bytesSeen = bytesOut;
    if (!isQuiet || this.#isOver || !this.#isEvents || !response.headersSent || response.writableNeedDrain) return;
    response.write(': \n\n');
  }

  #record(ending: Ending): Promise<void> {
    return (this.#recorded ??= this.#ports.record(this.#exchange, ending));
  }

  /** MCP 2025-11-25: a caller who went away did not cancel. MCP 2026-07-28: closing the stream is the cancellation. */
  #onCallerGone(): void {
    const { verb, era, response } = this.#exchange;
    if (this.#isOver || response.writableFinished) return;
    const goesOn = verb === 'POST' && era.kind === 'legacy';
    const { abandonedTimeoutMs } = this.#ports.limits;
    if (!goesOn) return this.#abandon();
    if (abandonedTimeoutMs === 0) return;
    const late = setTimeout(() => this.#abandon(), abandonedTimeoutMs).unref();
    void this.#ended.promise.then(() => clearTimeout(late));
  }

  #abandon(): void {
    if (this.#isOver) return;
    this.#giveUp();
    this.#isOver = true;
    this.#record({ status: this.#status || 499, outcome: 'canceled' }).then(
      () => this.#ended.resolve(),
      () => this.#ended.resolve(),
    );
  }

  /** After a change of policy: the caller's open question is refused, its open stream ends. */
  async #cut(reason: ErrorCode, message: string): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#giveUp();
    const exchange = this.#exchange;
    if (this.#recorded === undefined) exchange.verdict = { by: 'check', reason };
    const reply = denialReply(exchange, { reason, message });
    await this.#record({ status: this.#status || reply.status, outcome: 'refused' }).catch(() => {});
    if (!exchange.response.headersSent) sendReply(exchange, reply);
    else if (this.#isEvents && exchange.message?.kind === 'request') exchange.response.end(dataEvent(reply.body));
    // A comment: no message says why a stream of notices ends.
    else if (this.#isEvents) exchange.response.end(`: ${reason}\n\n`);
    // An answer whose record was under way has gone out whole: its connection serves other calls.
    else if (!exchange.response.writableEnded) exchange.response.destroy();
    this.#ended.resolve();
  }

  async #fail(error: AppError): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    const exchange = this.#exchange;
    const reply = failureReply(exchange, error);
    const status = exchange.response.headersSent ? this.#status : reply.status;
    await this.#record({ status, outcome: error.code === 'canceled' ? 'canceled' : 'upstream_error' }).catch(() => {});
    if (!exchange.response.headersSent) sendReply(exchange, reply);
    else if (this.#isEvents) exchange.response.end(this.#errorEvent(reply.body));
    else exchange.response.destroy();
    this.#ended.resolve();
  }

  /** The server knows nothing of it and may speak on, to nobody. */
  async #failHere(error: AppError): Promise<void> {
    if (this.#isOver) return;
    this.#giveUp();
    await this.#fail(error);
  }

  #errorEvent(body: string): string {
    return this.#exchange.message?.kind === 'request' ? dataEvent(body) : '';
  }

  /** Whatever kept the answer back, the call took place: it is recorded unless that is what failed. */
  async #failUndelivered(error: unknown): Promise<void> {
    await this.#failHere(
      error instanceof AppError ? error : new AppError('internal', 'the answer cannot be delivered', { cause: error }),
    );
  }

  #end(): void {
    this.#isOver = true;
    this.#ended.resolve();
  }
}
