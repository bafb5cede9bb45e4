import { AppError, HEADERS } from '@mcp-runtime/api';
import { type Clock } from '@mcp-runtime/base';
import { isLostSession, memberText } from '@mcp-runtime/mcp';
import { type AnswerReceiver, type Upstream } from '../../upstream/port.ts';
import { type Asked, ask } from '../ask.ts';
import { type Hello, sessionHeaders } from './hello.ts';
import { readServerMessages } from './server-message.ts';

type Headers = Readonly<Record<string, string>>;

interface SessionParts {
  readonly upstream: Pick<Upstream, 'send'>;
  readonly target: URL;
  /** Whose it is. */
  readonly principal: string;
  readonly hello: Hello;
  /** Those of the caller's own that every request to the server has, such as a credential. */
  readonly headers: Headers;
  readonly clock: Clock;
}

/** What keeps a session in use. */
export interface SessionUser {
  /** The server does not have the session any more. */
  onLost(): void;
}

const LIMITS = { deadlineMs: 30_000, maxBytes: 1024 * 1024 };
const POSTED = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' } as const;

/** A session at a legacy server, in which several requests of one caller go on at once. */
export class LegacySession {
  readonly principal: string;
  readonly hello: Hello;
  readonly #parts: SessionParts;
  readonly #users = new Set<SessionUser>();
  #headers: Headers;
  #lastId = 0;
  #lastUse: number;
  #isLost = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.principal = parts.principal;
    this.hello = parts.hello;
    this.#headers = parts.headers;
    this.#lastUse = parts.clock();
  }

  /** Ids of this session's requests; also their progress tokens. */
  nextId(): number {
    return (this.#lastId += 1);
  }

  /** Held until the returned function is called. */
  use(user: SessionUser): () => void {
    this.#users.add(user);
    return () => {
      this.#users.delete(user);
      this.#lastUse = this.#parts.clock();
    };
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Milliseconds since the epoch; undefined while it is in use. */
  get idleSince(): number | undefined {
    return this.#users.size === 0 ? this.#lastUse : undefined;
  }

  /** The caller's credential may have been renewed since the session began. */
  refresh(headers: Headers): void {
    this.#headers = headers;
  }

  /** Sends a request whose answer is a stream of messages. */
  post(message: string, more: Headers, idleTimeoutMs: number, receiver: AnswerReceiver): () => void {
    const headers = { ...this.#headersOf(POSTED), ...more };
    const request = { method: 'POST', headers, body: Buffer.from(message), idleTimeoutMs } as const;
    return this.#parts.upstream.send(this.#parts.target, request, receiver);
  }

  /** Opens the stream for what belongs to no request, or one that goes on after an event. */
  listen(lastEventId: string | undefined, receiver: AnswerReceiver): () => void {
    const resumed = lastEventId === undefined ? {} : { [HEADERS.lastEventId.toLowerCase()]: lastEventId };
    const headers = { ...this.#headersOf({ accept: 'text/event-stream' }), ...resumed };
    const request = { method: 'GET', headers, body: null, idleTimeoutMs: 0 } as const;
    return this.#parts.upstream.send(this.#parts.target, request, receiver);
  }

  /** A notification or an answer. False when it did not get there. */
  async tell(message: string): Promise<boolean> {
    try {
      const asked = await this.#ask(message);
      return asked.status < 300;
    } catch {
      return false;
    }
  }

  /** A question of the gateway's own, such as `ping`. Rejects with the failure, or when the server answers with an error. */
  async ask(method: string, params: object): Promise<string> {
    const message = JSON.stringify({ jsonrpc: '2.0', id: this.nextId(), method, params });
    const { text } = await this.#ask(message);
    const answer = readServerMessages(text)?.find(({ kind }) => kind === 'response');
    const result = answer?.kind === 'response' ? memberText(answer.text, 'result') : undefined;
    if (result === undefined) throw new AppError('upstream_unavailable', `the MCP server refused \`${method}\``);
    return result;
  }

  /**
   * Whether an answer with that status and body says that the session is gone. All who use it are told, once, but the one
   * who got the answer.
   */
  losesBy(status: number, body: string, asking?: SessionUser): boolean {
    const isGone = status === 404 || (status === 400 && isLostSession(body));
    if (!isGone || this.hello.sessionId === undefined) return false;
    if (!this.#isLost) {
      this.#isLost = true;
      for (const user of this.#users) if (user !== asking) user.onLost();
    }
    return true;
  }

  /** Best effort: what is left behind runs out at the server by itself. */
  async close(): Promise<void> {
    this.#isLost = true;
    if (this.hello.sessionId === undefined) return;
    const { upstream, target } = this.#parts;
    const request = { method: 'DELETE', headers: this.#headersOf({}), body: null } as const;
    await ask(upstream, target, request, { ...LIMITS, deadlineMs: 1000 }).catch(() => {});
  }

  async #ask(message: string): Promise<Asked> {
    const { upstream, target } = this.#parts;
    const body = Buffer.from(message);
    const asked = await ask(upstream, target, { method: 'POST', headers: this.#headersOf(POSTED), body }, LIMITS);
    if (this.losesBy(asked.status, asked.text)) throw lost();
    return asked;
  }

  #headersOf(more: Headers): Record<string, string> {
    return { ...this.#headers, ...more, ...sessionHeaders(this.hello) };
  }
}

export function lost(): AppError {
  return new AppError('upstream_unavailable', 'the MCP server ended the session');
}
