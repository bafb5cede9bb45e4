import { AppError } from '@mcp-runtime/api';
import { type Running, closeOnce } from '@mcp-runtime/base';
import { type Dispatcher, Pool } from 'undici';

/** What is asked of a server. */
export interface UpstreamRequest {
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  /** Longest silence in milliseconds before the head and between parts of the body; 0 is no limit. */
  readonly idleTimeoutMs: number;
}

/** Receives an answer part by part. Every exchange ends with exactly one of `onEnd` and `onFailure`. */
export interface AnswerReceiver {
  onHead(status: number, headers: Readonly<Record<string, string | string[] | undefined>>, flow: Flow): void;
  onChunk(chunk: Buffer): void;
  onEnd(): void;
  onFailure(error: AppError): void;
}

export interface Flow {
  pause(): void;
  resume(): void;
}

/** How servers are reached. `send` returns how to give up on the exchange. */
export interface Upstream extends Running {
  send(target: URL, request: UpstreamRequest, receiver: AnswerReceiver): () => void;
}

const CONNECT_TIMEOUT_MS = 5000;
const MAX_CONNECTIONS = 256;

/** Servers over HTTP/1.1 with kept-alive connections, a pool for each origin. */
export function createHttpUpstream(): Upstream {
  const pools = new Map<string, Pool>();
  const poolOf = (origin: string): Pool => {
    const known = pools.get(origin);
    if (known !== undefined) return known;
    const pool = new Pool(origin, {
      connections: MAX_CONNECTIONS,
      pipelining: 1,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      keepAliveTimeout: 30_000,
    });
    pools.set(origin, pool);
    return pool;
  };
  const running = closeOnce(async () => {
    await Promise.all([...pools.values()].map((pool) => pool.destroy()));
  });
  return { ...running, send: (target, request, receiver) => send(poolOf(target.origin), target, request, receiver) };
}

const GIVEN_UP = new Error('given up');

function send(pool: Pool, target: URL, request: UpstreamRequest, receiver: AnswerReceiver): () => void {
  let controller: Dispatcher.DispatchController | undefined;
  let hasGivenUp = false;
  pool.dispatch(
    {
      path: target.pathname + target.search,
      method: request.method,
      headers: request.headers,
      body: request.body,
      headersTimeout: request.idleTimeoutMs,
      bodyTimeout: request.idleTimeoutMs,
    },
    {
      onRequestStart: (started) => {
        controller = started;
        if (hasGivenUp) started.abort(GIVEN_UP);
      },
      onResponseStart: (flow, status, headers) => {
        // 1xx heads are for this hop only.
        if (status >= 200) receiver.onHead(status, headers, flow);
      },
      onResponseData: (_, chunk) => receiver.onChunk(chunk),
      onResponseEnd: () => receiver.onEnd(),
      onResponseError: (_, error) => receiver.onFailure(toAppError(error)),
    },
  );
  return () => {
    hasGivenUp = true;
    controller?.abort(GIVEN_UP);
  };
}

function toAppError(error: Error): AppError {
  if (error === GIVEN_UP) return new AppError('canceled', 'the exchange was given up');
  const code = 'code' in error ? error.code : undefined;
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new AppError('upstream_timeout', 'the MCP server did not answer in time', { cause: error });
  }
  return new AppError('upstream_unavailable', 'the MCP server cannot be reached', { cause: error });
}
