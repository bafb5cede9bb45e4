import { randomUUID } from 'node:crypto';
import { AppError } from '@mcp-runtime/api';
import { memberText, withMembers } from '@mcp-runtime/mcp';
import { type Flow } from '../../upstream/port.ts';
import { canBeAsked } from './capabilities.ts';
import { isAtLeast } from './log-level.ts';
import { MessageStream, type Resumption } from './message-stream.ts';
import { type ModernAnswer } from './modern-answer.ts';
import { type ModernCall, legacyRequest } from './modern-call.ts';
import { type Question, answersIn, inputRequired } from './questions.ts';
import { codeOf, completeResult, errorReply, resultReply } from './results.ts';
import { type ServerMessage } from './server-message.ts';
import { type LegacySession, type SessionUser } from './session.ts';

/** Where a call lives, and what it leaves to others. */
export interface CallSurroundings {
  readonly session: LegacySession;
  /** Headers of the first request alone, such as its trace. */
  readonly headers: Readonly<Record<string, string>>;
  readonly idleTimeoutMs: number;
  /** For a notification that belongs to no request. */
  readonly onElse: (message: ServerMessage) => void;
  /** Keeps a call that waits for answers; the text is what its caller has to bring back. Undefined when too many wait. */
  readonly park: (call: LegacyCall, request: ModernCall) => string | undefined;
  /** The server wants URLs to be opened first (-32042). */
  readonly onUrlsRequired: (request: ModernCall, error: string, answer: ModernAnswer) => void;
  /** The server did not know the session, and so did not take the request. */
  readonly onRefusedSession: (request: ModernCall, answer: ModernAnswer) => void;
  readonly onEnd: (call: LegacyCall) => void;
}

/** Requests whose answer may be a question (MCP 2026-07-28, "Multi round-trip requests"). */
const ASKABLE: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);
const URL_ELICITATION_REQUIRED = -32042;
const METHOD_NOT_FOUND = -32601;
const MAX_RESUMPTIONS = 5;

/**
 * A request at a legacy server, for a caller who takes part in rounds: between two of them the stream of the server is held,
 * so that nothing on it is lost and nothing piles up.
 */
export class LegacyCall implements SessionUser {
  readonly id: number;
  /** Names it among those that wait. */
  readonly key = randomUUID();
  readonly #around: CallSurroundings;
  readonly #questions = new Map<string, Question>();
  readonly #release: () => void;
  #request: ModernCall;
  #answer: ModernAnswer | undefined;
  #flow: Flow | undefined;
  #giveUp: () => void = () => {};
  /** What came of the server while nobody listens. */
  readonly #held: ServerMessage[] = [];
  #asked = 0;
  #asking: NodeJS.Immediate | undefined;
  #resumptions = 0;
  #hasHeard = false;
  #isOver = false;

  constructor(request: ModernCall, answer: ModernAnswer, around: CallSurroundings) {
    this.#request = request;
    this.#answer = answer;
    this.#around = around;
    this.id = around.session.nextId();
    this.#release = around.session.use(this);
  }

  get session(): LegacySession {
    return this.#around.session;
  }

  start(): void {
    const { session, headers, idleTimeoutMs } = this.#around;
    this.#giveUp = session.post(legacyRequest(this.#request, this.id), headers, idleTimeoutMs, this.#stream());
  }

  /** The caller closed its request, which is the cancellation (MCP 2026-07-28, "Cancellation"). */
  cancel(reason: string): void {
    if (this.#isOver) return;
    this.#giveUp();
    this.#end();
    const params = JSON.stringify({ requestId: this.id, reason });
    void this.session.tell(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":${params}}`);
  }

  /** Nobody brings answers any more: the questions are called off, and so is the call. */
  abandon(reason: string): void {
    for (const { id, method } of this.#questions.values()) {
      if (method === 'elicitation/create') void this.session.tell(resultOf(id, '{"action":"cancel"}'));
      else void this.session.tell(errorOf(id, -32000, reason));
    }
    this.#questions.clear();
    this.cancel(reason);
  }

  /** The caller is back: what it answers goes to the server, and its request takes the place of the one before. */
  async goOn(request: ModernCall, answer: ModernAnswer): Promise<void> {
    this.#request = request;
    this.#answer = answer;
    answer.source = this.#flow;
    const answers = answersIn(request.inputResponses, this.#questions.keys());
    for (const [key, given] of answers) {
      const question = this.#questions.get(key);
      this.#questions.delete(key);
      if (question !== undefined && !(await this.session.tell(resultOf(question.id, given)))) {
        return this.#fail(new AppError('upstream_unavailable', 'the MCP server did not take the answer'));
      }
    }
    if (this.#isOver) return;
    this.receive(this.#held.splice(0));
    if (this.#questions.size > 0) this.#askSoon();
    else this.#flow?.resume();
  }

  /** Whether a question that does not say to which request it belongs can belong to this one. */
  canTake(method: string, params: string | undefined): boolean {
    const { capabilities, method: asking } = this.#request;
    return !this.#isOver && ASKABLE.has(asking) && canBeAsked(capabilities, method, params ?? '{}');
  }

  receive(messages: readonly ServerMessage[]): void {
    for (const message of messages) {
      if (this.#answer === undefined) this.#held.push(message);
      else this.#receive(message);
    }
  }

  onLost(): void {
    this.#fail(new AppError('upstream_unavailable', 'the MCP server ended the session'));
  }

  #stream(): MessageStream {
    return new MessageStream({
      onOpen: (flow) => {
        this.#flow = flow;
        if (this.#answer === undefined) flow.pause();
        else this.#answer.source = flow;
      },
      onMessages: (messages) => this.receive(messages),
      onRefused: (status, body) => this.#onRefused(status, body),
      onEnd: (resumption) => this.#onStreamEnd(resumption),
      onFailure: (error) => this.#fail(error),
    });
  }

  #receive(message: ServerMessage): void {
    if (this.#isOver) return;
    if (message.kind === 'notification') return this.#onNotification(message);
    if (message.kind === 'request') return this.#onQuestion(message);
    if (message.id !== this.id) return;
    const { text } = message;
    const error = memberText(text, 'error');
    if (error !== undefined) return this.#onError(error);
    const result = memberText(text, 'result');
    if (result?.startsWith('{') !== true) {
      return this.#fail(new AppError('upstream_unavailable', 'the MCP server sent a result that is no object'));
    }
    const { method, id } = this.#request;
    const answer = this.#end();
    answer?.respond(resultReply(id, completeResult(method, result, this.session.hello.serverInfo)));
  }

  #onNotification(message: Extract<ServerMessage, { kind: 'notification' }>): void {
    const { method, params } = message;
    this.#hasHeard = true;
    const { progressToken, logLevel } = this.#request;
    if (method === 'notifications/progress') {
      const isMine = progressToken !== undefined && memberText(params, 'progressToken') === String(this.id);
      if (isMine) this.#notify(method, withMembers(params, { progressToken }));
    } else if (method === 'notifications/message') {
      const isWanted = logLevel !== undefined && isAtLeast(JSON.parse(memberText(params, 'level') ?? 'null'), logLevel);
      if (isWanted) this.#notify(method, params);
    } else this.#around.onElse(message);
  }

  #notify(method: string, params: string): void {
    this.#answer?.notify(`{"jsonrpc":"2.0","method":${JSON.stringify(method)},"params":${params}}`);
  }

  #onQuestion({ id, method, params }: Extract<ServerMessage, { kind: 'request' }>): void {
    this.#hasHeard = true;
    if (method === 'ping') void this.session.tell(resultOf(id, '{}'));
    else if (this.canTake(method, params)) {
      this.#questions.set(`q${(this.#asked += 1)}`, { id, method, params });
      this.#askSoon();
    } else void this.session.tell(errorOf(id, METHOD_NOT_FOUND, 'the client cannot be asked this'));
  }

  /** Questions that came together are asked together. */
  #askSoon(): void {
    if (this.#asking !== undefined) return;
    this.#asking = setImmediate(() => {
      this.#asking = undefined;
      if (!this.#isOver && this.#answer !== undefined && this.#questions.size > 0) this.#askCaller();
    });
  }

  #askCaller(): void {
    const answer = this.#answer;
    const state = this.#around.park(this, this.#request);
    if (state === undefined) {
      for (const { id } of this.#questions.values())
        void this.session.tell(errorOf(id, -32000, 'too many questions wait for their answers'));
      this.#questions.clear();
      this.#flow?.resume();
      return;
    }
    this.#answer = undefined;
    this.#flow?.pause();
    const result = inputRequired(this.#questions, state, this.session.hello.serverInfo);
    answer?.respond(resultReply(this.#request.id, result));
  }

  #onError(error: string): void {
    const request = this.#request;
    const answer = this.#end();
    if (answer === undefined) return;
    if (codeOf(error) === URL_ELICITATION_REQUIRED) this.#around.onUrlsRequired(request, error, answer);
    else answer.respond(errorReply(request.id, error, request.method === 'resources/read' ? request.name : undefined));
  }

  #onRefused(status: number, body: string): void {
    if (this.#isOver) return;
    if (this.session.losesBy(status, body, this)) return this.#onRefusedSession();
    const error = status < 500 && status !== 401 && status !== 403 ? errorIn(body) : undefined;
    if (error === undefined) this.#fail(new AppError('upstream_unavailable', 'the MCP server refused the request'));
    else this.#onError(error);
  }

  #onRefusedSession(): void {
    if (this.#hasHeard) return this.onLost();
    const request = this.#request;
    const answer = this.#end();
    if (answer !== undefined) this.#around.onRefusedSession(request, answer);
  }

  /** A server may close a stream and let the client come back for the rest (MCP 2025-11-25, "Resumability"). */
  #onStreamEnd(resumption: Resumption | undefined): void {
    if (this.#isOver) return;
    this.#resumptions += 1;
    if (resumption === undefined || this.#resumptions > MAX_RESUMPTIONS) {
      return this.#fail(new AppError('upstream_unavailable', 'the MCP server ended its answer without a result'));
    }
    const again = setTimeout(() => {
      this.#giveUp = this.session.listen(resumption.lastEventId, this.#stream());
    }, resumption.retryMs);
    this.#giveUp = () => clearTimeout(again);
  }

  #fail(error: AppError): void {
    if (this.#isOver) return;
    this.#giveUp();
    this.#end()?.fail(error);
  }

  #end(): ModernAnswer | undefined {
    const answer = this.#answer;
    this.#isOver = true;
    this.#answer = undefined;
    this.#release();
    this.#around.onEnd(this);
    return answer;
  }
}

/** The error of a body that came with a status other than 2xx, if it is one of JSON-RPC. */
function errorIn(body: string): string | undefined {
  try {
    JSON.parse(body);
  } catch {
    return undefined;
  }
  const error = memberText(body, 'error');
  return error?.startsWith('{') === true ? error : undefined;
}

export function resultOf(id: string, result: string): string {
  return `{"jsonrpc":"2.0","id":${id},"result":${result}}`;
}

export function errorOf(id: string, code: number, message: string): string {
  return `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify({ code, message })}}`;
}
