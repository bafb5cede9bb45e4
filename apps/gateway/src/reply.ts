import { type AppError, ERRORS, type ErrorCode, HEADERS, type JsonRpcId } from '@mcp-runtime/api';
import { type Exchange } from './exchange.ts';
import { challengeOf } from './identify/challenge.ts';

/** An answer of the gateway itself. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Refusal {
  readonly reason: ErrorCode;
  readonly message: string;
  /** JSON-RPC code; that of the reason unless given. */
  readonly code?: number;
  /** HTTP status; that of the reason unless given. */
  readonly status?: number;
  readonly data?: object;
  /** All that the request needs, where the access token lacks one. */
  readonly scopes?: readonly string[] | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** The JSON-RPC error that says what was refused and why, with the correlation id (JSON-RPC 2.0 §5.1). */
export function refusalReply(exchange: Exchange, refusal: Refusal): Reply {
  const row = ERRORS[refusal.reason];
  const status = refusal.status ?? row.http;
  return {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      ...(status === 401 || refusal.reason === 'insufficient_scope'
        ? { 'www-authenticate': challengeOf(exchange, refusal.reason, refusal.scopes) }
        : {}),
      ...retryAfter(status, refusal.retryAfterMs),
    },
    body: errorBody(idOf(exchange), refusal.code ?? row.rpc, refusal.message, {
      reason: refusal.reason,
      requestId: exchange.requestId,
      ...(refusal.retryAfterMs === undefined ? {} : { retryAfterMs: refusal.retryAfterMs }),
      ...refusal.data,
    }),
  };
}

const RETRY_AFTER_SECONDS = '1';

/** RFC 9110 §10.2.3: whole seconds. */
function retryAfter(status: number, ms: number | undefined): Readonly<Record<string, string>> {
  if (ms !== undefined) return { 'retry-after': String(Math.max(1, Math.ceil(ms / 1000))) };
  return status === 503 || status === 429 ? { 'retry-after': RETRY_AFTER_SECONDS } : {};
}

export function errorBody(id: JsonRpcId, code: number, message: string, data: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data } });
}

export function failureReply(exchange: Exchange, error: AppError): Reply {
  return refusalReply(exchange, { reason: error.code, message: error.message });
}

export function idOf({ message }: Exchange): JsonRpcId {
  return message?.kind === 'request' ? message.id : null;
}

/** Sends a reply and tells how many bytes its body has. */
export function sendReply({ response, requestId }: Exchange, reply: Reply): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(reply.status, {
    ...reply.headers,
    [HEADERS.requestId]: requestId,
    'content-length': Buffer.byteLength(reply.body),
  });
  response.end(reply.body);
}
