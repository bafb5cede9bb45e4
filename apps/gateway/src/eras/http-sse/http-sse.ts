import { randomUUID } from 'node:crypto';
import { AppError, HEADERS, asAppError } from '@mcp-runtime/api';
import { type Clock, type Logger, closeOnce } from '@mcp-runtime/base';
import { type Message, readMessage } from '@mcp-runtime/mcp';
import { type AnswerReceiver, type Upstream, type UpstreamRequest } from '../../upstream/port.ts';
import { Outlet } from '../outlet.ts';
import { standingHeaders } from '../passage.ts';
import { type HttpSse } from '../ways.ts';
import { SseSession } from './session.ts';

interface HttpSseParts {
  readonly upstream: Pick<Upstream, 'send'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: Partial<HttpSseLimits>;
}

interface HttpSseLimits {
  readonly maxEventBytes: number;
  readonly openTimeoutMs: number;
  /** A session without an open request or stream ends after this time, milliseconds. */
  readonly idleMs: number;
  readonly maxSessions: number;
}

const LIMITS: HttpSseLimits = {
  maxEventBytes: 16 * 1024 * 1024,
  openTimeoutMs: 10_000,
  idleMs: 10 * 60_000,
  maxSessions: 1024,
};
const SWEEP_MS = 10_000;
const PREFIX = 'http-sse:';
const SESSION_ID = HEADERS.mcpSessionId.toLowerCase();
const INVALID_REQUEST = -32600;

interface Held {
  readonly session: SseSession;
  /** Milliseconds since the epoch. */
  usedAt: number;
}

/**
 * Servers of the HTTP+SSE transport (MCP 2024-11-05) as if they spoke Streamable HTTP with sessions. A session is a stream that
 * this process holds open: it ends with the process, and no other replica has it.
 */
export function createHttpSse(parts: HttpSseParts): HttpSse {
  const { upstream, clock, log } = parts;
  const limits = { ...LIMITS, ...parts.limits };
  const sessions = new Map<string, Held>();

  function open(target: URL, headers: Readonly<Record<string, string>>): { readonly id: string; readonly held: Held } {
    if (sessions.size >= limits.maxSessions) throw new AppError('overloaded', 'too many sessions are open');
    const id = `${PREFIX}${randomUUID()}`;
    const session = new SseSession(target, { upstream, log, limits, onGone: () => void sessions.delete(id) });
    const held = { session, usedAt: clock() };
    sessions.set(id, held);
    session.start(standingHeaders(headers));
    return { id, held };
  }

  function serve(target: URL, request: UpstreamRequest, receiver: AnswerReceiver, given: Given): void {
    const id = request.headers[SESSION_ID];
    const message = messageOf(request);
    if (id === undefined) {
      if (message?.kind !== 'request' || message.method !== 'initialize') {
        return refuse(new Outlet(receiver), 400, 'the request names no MCP session');
      }
      const opened = open(target, request.headers);
      const outlet = new Outlet(receiver, undefined, { [SESSION_ID]: opened.id });
      return ask(opened.held.session, message, { request, outlet, given });
    }
    const held = sessions.get(id);
    if (held === undefined) return refuse(new Outlet(receiver), 404, 'session not found');
    held.usedAt = clock();
    serveSession(held.session, message, { request, outlet: new Outlet(receiver), given });
  }

  const sweeper = setInterval(() => {
    for (const { session, usedAt } of sessions.values()) {
      if (session.isQuiet && usedAt + limits.idleMs <= clock()) session.end(ENDED);
    }
  }, SWEEP_MS).unref();

  return {
    owns: (sessionId) => sessionId?.startsWith(PREFIX) === true,
    send: (target, request, receiver) => {
      const given: Given = { onGivenUp: () => {}, isGivenUp: false };
      // The receiver hears nothing before it knows how to give up.
      queueMicrotask(() => {
        if (given.isGivenUp) return;
        try {
          serve(target, request, receiver, given);
        } catch (error) {
          receiver.onFailure(asAppError(error));
        }
      });
      return () => {
        given.isGivenUp = true;
        given.onGivenUp();
      };
    },
    ...closeOnce(async () => {
      clearInterval(sweeper);
      for (const { session } of sessions.values())
        session.end(new AppError('canceled', 'the gateway is shutting down'));
    }),
  };
}

const ENDED = new AppError('canceled', 'the MCP session has ended');

/** What happens when the answer is not wanted any more. */
interface Given {
  onGivenUp: () => void;
  isGivenUp: boolean;
}

interface Served {
  readonly request: UpstreamRequest;
  readonly outlet: Outlet;
  readonly given: Given;
}

function messageOf({ method, body }: UpstreamRequest): Message | undefined {
  if (method !== 'POST' || body === null) return undefined;
  const read = readMessage(body);
  return read.ok ? read.message : undefined;
}

function serveSession(session: SseSession, message: Message | undefined, served: Served): void {
  const { request, outlet, given } = served;
  if (request.method === 'DELETE') {
    session.end(ENDED);
    outlet.reply(204, '');
  } else if (request.method === 'GET') {
    given.onGivenUp = () => session.detach(outlet);
    session.attach(outlet);
  } else if (message === undefined) refuse(outlet, 400, 'the body is not one message');
  else if (message.kind === 'request') ask(session, message, served);
  else pass(session, message, served);
}

function ask(
  session: SseSession,
  message: Extract<Message, { kind: 'request' }>,
  { request, outlet, given }: Served,
): void {
  given.onGivenUp = () => {
    outlet.abandon();
    session.forget(message.id, request);
  };
  session.ask(message, request, outlet).catch((error: unknown) => outlet.fail(asAppError(error)));
}

/** What is not answered but taken. */
function pass(
  session: SseSession,
  message: Exclude<Message, { kind: 'request' }>,
  { request, outlet, given }: Served,
): void {
  given.onGivenUp = () => outlet.abandon();
  const sent = message.kind === 'response' ? session.answer(message.id, request) : session.notify(message, request);
  sent.then(
    (taken) => {
      if (taken === 'not asked') refuse(outlet, 400, 'no question of that id is open here');
      else outlet.reply(202, '');
    },
    (error: unknown) => outlet.fail(asAppError(error)),
  );
}

function refuse(outlet: Outlet, status: number, message: string): void {
  outlet.reply(status, JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: INVALID_REQUEST, message } }));
}
