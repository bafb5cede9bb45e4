import { asAppError } from '@mcp-runtime/api';
import { type Clock, closeOnce } from '@mcp-runtime/base';
import { type AnswerReceiver, type Upstream } from '../../upstream/port.ts';
import { type Place, type Seal } from '../../seal/seal.ts';
import { askAgain } from '../../authorize.ts';
import { type Passage } from '../passage.ts';
import { type Bridge } from '../ways.ts';
import { canAnswer, canBeAsked, modernServerCapabilities } from './capabilities.ts';
import { LegacyCall } from './call.ts';
import { type Conversation } from './conversation.ts';
import { Listening } from './listen.ts';
import { ModernAnswer } from './modern-answer.ts';
import { type ModernCall, readModernCall } from './modern-call.ts';
import { PARKING_LIMITS, Parking, type ParkingLimits } from './parking.ts';
import { POOL_LIMITS, Pool, type PoolLimits } from './pool.ts';
import { answersIn, inputRequired, urlQuestions } from './questions.ts';
import { type RequestStates, type StateFault, createRequestStates } from './request-state.ts';
import { completeResult, refusal, resultReply } from './results.ts';

/** Bounds of what is kept for callers between their requests; each has a default. */
export interface PooledLimits {
  readonly sessions?: Partial<PoolLimits>;
  readonly waitingCalls?: Partial<ParkingLimits>;
}

interface ModernToLegacyParts {
  readonly upstream: Pick<Upstream, 'send'>;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly limits: PooledLimits;
}

/** Callers of MCP 2026-07-28 at servers of the revisions before. */
export function createModernToLegacy(parts: ModernToLegacyParts): Bridge {
  const { upstream, seal, clock, limits } = parts;
  const pool = new Pool({ upstream, clock, limits: { ...POOL_LIMITS, ...limits.sessions } });
  const parking = new Parking({ ...PARKING_LIMITS, ...limits.waitingCalls }, clock);
  const states = createRequestStates(seal, clock);
  return {
    send: (passage, receiver) => {
      const bridging = new Bridging(passage, receiver, { pool, parking, states, clock });
      queueMicrotask(() => bridging.start());
      return () => bridging.giveUp();
    },
    ...closeOnce(async () => {
      parking.abandonAll('the gateway is shutting down');
      await pool.close();
    }),
  };
}

interface Shared {
  readonly pool: Pool;
  readonly parking: Parking;
  readonly states: RequestStates;
  readonly clock: Clock;
}

/** Requests that change nothing, so that they may be sent again to a new session. */
const REPEATABLE: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'completion/complete',
]);

const INVALID_PARAMS = -32602;
const MISSING_CAPABILITY = -32021;
const INTERNAL = -32603;
const NEWEST = '2026-07-28';

const STATE_FAULTS: Readonly<Record<StateFault | 'elsewhere', string>> = {
  forged: '`requestState` is not one that was given to this caller for this server',
  expired: 'the time to answer is over: send the request again without `requestState`',
  another_request: '`requestState` belongs to another request',
  elsewhere: 'the call that waited for the answer is not here any more: send the request again without `requestState`',
};

/** One exchange on the bridge. */
class Bridging {
  readonly #passage: Passage;
  readonly #answer: ModernAnswer;
  readonly #shared: Shared;
  #cancel: () => void = () => {};
  #hasLeft = false;

  constructor(passage: Passage, receiver: AnswerReceiver, shared: Shared) {
    this.#passage = passage;
    this.#answer = new ModernAnswer(receiver);
    this.#shared = shared;
  }

  start(): void {
    if (this.#hasLeft) return;
    const request = readModernCall(this.#passage.exchange);
    // Of notifications a caller of MCP 2026-07-28 has none to send over HTTP.
    if (request === undefined) return this.#answer.accept();
    this.#serve(request).catch((error: unknown) => this.#answer.fail(asAppError(error)));
  }

  /** The caller has left. */
  giveUp(): void {
    if (this.#answer.isOver) return;
    this.#hasLeft = true;
    this.#answer.giveUp();
    this.#cancel();
  }

  async #serve(request: ModernCall): Promise<void> {
    if (request.inputResponses !== undefined || request.requestState !== undefined) return this.#onRetry(request);
    if (this.#passage.exchange.message?.kind === 'request' && 'task' in this.#passage.exchange.message.params) {
      return this.#refuse(request, INVALID_PARAMS, 'tasks are not carried over to a server of an older revision');
    }
    await this.#run(request, 'first');
  }

  async #run(request: ModernCall, attempt: 'first' | 'last'): Promise<void> {
    const conversation = await this.#shared.pool.conversation(this.#passage, request);
    if (this.#hasLeft) return;
    if (request.method === 'server/discover') return this.#discover(request, conversation);
    if (request.method === 'subscriptions/listen') return this.#listen(request, conversation);
    if (canAnswer(request.capabilities)) await conversation.openStream();
    await conversation.ensureLevel(request.logLevel);
    if (this.#hasLeft) return;
    const call = this.#callIn(conversation, request, attempt);
    this.#cancel = () => call.cancel('the client closed the request');
    call.start();
  }

  #callIn(conversation: Conversation, request: ModernCall, attempt: 'first' | 'last'): LegacyCall {
    const { parking, states } = this.#shared;
    const place = placeOf(this.#passage);
    const { headers, idleTimeoutMs } = this.#passage.request;
    const call = new LegacyCall(request, this.#answer, {
      session: conversation.session,
      headers: traceOf(headers),
      idleTimeoutMs,
      onElse: (message) => conversation.receive(message),
      park: (parked, current) => {
        const until = parking.add(parked, (end) => this.#onDenial(end));
        return until === undefined ? undefined : states.seal(place, current, { call: parked.key, until });
      },
      onUrlsRequired: (current, error, answer) => this.#requireUrls(current, error, answer, conversation),
      onRefusedSession: (current, answer) => this.#onRefusedSession(current, answer, attempt),
      onEnd: (ended) => {
        parking.remove(ended);
        conversation.removeCall(ended);
      },
    });
    conversation.addCall(call);
    return call;
  }

  /** What waits for a caller who may not make the call any more does so in vain. */
  #onDenial(end: (reason: string) => void): () => void {
    const { exchange } = this.#passage;
    return exchange.route.policy.subscribe((policy) => {
      const denial = policy && askAgain(exchange, policy, this.#shared.clock());
      if (policy === undefined || denial !== undefined) end(denial?.message ?? 'the server is not governed any more');
    });
  }

  #discover(request: ModernCall, { session }: Conversation): void {
    const { capabilities, instructions, serverInfo } = session.hello;
    const said = instructions === undefined ? '' : `,"instructions":${instructions}`;
    const result = `{"supportedVersions":["${NEWEST}"],"capabilities":${modernServerCapabilities(capabilities)}${said}}`;
    this.#answer.respond(resultReply(request.id, completeResult(request.method, result, serverInfo)));
  }

  async #listen(request: ModernCall, conversation: Conversation): Promise<void> {
    const listening = new Listening(conversation, request, this.#answer);
    this.#cancel = () => listening.cancel();
    await listening.start();
  }

  /** A round after the first: a full request, decided and recorded like any other; what waits is continued by it. */
  async #onRetry(request: ModernCall): Promise<void> {
    const { parking, states } = this.#shared;
    if (request.requestState === undefined) return this.#refuseState(request, 'forged');
    const opened = states.open(placeOf(this.#passage), request);
    if (!opened.ok) return this.#refuseState(request, opened.fault);
    if (opened.call === undefined) return this.#afterUrls(request);
    const call = parking.take(opened.call);
    if (call === undefined) return this.#refuseState(request, 'elsewhere');
    this.#cancel = () => call.cancel('the client closed the request');
    await call.goOn(request, this.#answer);
  }

  /** -32042 of MCP 2025-11-25 in the words of MCP 2026-07-28, which does not have it. */
  #requireUrls(request: ModernCall, error: string, answer: ModernAnswer, { session }: Conversation): void {
    const questions = urlQuestions(error);
    if (!canBeAsked(request.capabilities, 'elicitation/create', '{"mode":"url"}') || questions.size === 0) {
      const data = { requiredCapabilities: { elicitation: { url: {} } } };
      const says = 'the server wants the user to open a URL, which this client cannot ask for';
      return answer.respond(refusal(request.id, MISSING_CAPABILITY, says, data, 400));
    }
    const until = this.#passage.exchange.now + this.#shared.parking.waitMs;
    const state = this.#shared.states.seal(placeOf(this.#passage), request, { until });
    answer.respond(resultReply(request.id, inputRequired(questions, state, session.hello.serverInfo)));
  }

  async #afterUrls(request: ModernCall): Promise<void> {
    const given: unknown = JSON.parse(request.inputResponses ?? '{}');
    const keys = typeof given === 'object' && given !== null ? Object.keys(given) : [];
    const answers = [...answersIn(request.inputResponses, keys).values()];
    const isDone = answers.length > 0 && answers.every((answer) => JSON.parse(answer).action === 'accept');
    if (!isDone) return this.#refuse(request, INVALID_PARAMS, 'the server goes on only after its URLs were opened');
    await this.#run(request, 'first');
  }

  /** The server did not take the request: what changes nothing is sent to a new session, once. */
  #onRefusedSession(request: ModernCall, answer: ModernAnswer, attempt: 'first' | 'last'): void {
    if (attempt === 'first' && REPEATABLE.has(request.method)) {
      this.#run(request, 'last').catch((error: unknown) => answer.fail(asAppError(error)));
      return;
    }
    const says = 'the server ended the session of this caller, and a new one begins with the next request: try again';
    answer.respond(refusal(request.id, INTERNAL, says, { reason: 'upstream_unavailable' }));
  }

  #refuseState(request: ModernCall, fault: keyof typeof STATE_FAULTS): void {
    this.#refuse(request, INVALID_PARAMS, STATE_FAULTS[fault]);
  }

  #refuse(request: ModernCall, code: number, message: string): void {
    const { requestId } = this.#passage.exchange;
    this.#answer.respond(refusal(request.id, code, message, { reason: 'invalid_request', requestId }));
  }
}

function placeOf({ exchange, target }: Passage): Place {
  return { ...exchange.route, upstream: exchange.route.upstream ?? target, identity: exchange.caller.identity };
}

function traceOf(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => TRACE.has(name)));
}

const TRACE: ReadonlySet<string> = new Set(['traceparent', 'tracestate']);
