import { API_BASE_PATH, AppError, HEADERS, isErrorCode } from '@mcp-runtime/api';
import { type z } from 'zod';
import { type CommandIo } from '../frame/command.ts';
import { type Target, findTarget } from './target.ts';

const TIMEOUT_MS = 120_000;
const MAX_ERROR_BYTES = 64 * 1024;

interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Calls the platform API and reads its answers by their schema. */
export interface ApiClient {
  call<T>(path: string, schema: z.ZodType<T>, options?: RequestOptions): Promise<T>;
  /** The body of the answer as text, chunk by chunk; ends when the server ends it or the signal aborts. */
  stream(path: string, options: RequestOptions): AsyncIterable<string>;
}

interface TargetFlags {
  readonly 'api-url': string | undefined;
  readonly 'data-dir': string | undefined;
}

export async function connectApi(flags: TargetFlags, io: CommandIo): Promise<ApiClient> {
  return createApiClient(await findTarget(flags, io.env), io.signal);
}

export function createApiClient(target: Target, signal: AbortSignal): ApiClient {
  return {
    call: async (path, schema, options = {}) => {
      const timeout = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS), ...(options.signal ? [options.signal] : [])]);
      const response = await send(target, path, options, timeout);
      return schema.parse(await response.json());
    },
    stream: async function* (path, options) {
      const response = await send(target, path, options, options.signal ?? signal);
      if (response.body === null) return;
      for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) yield chunk;
    },
  };
}

async function send(target: Target, path: string, options: RequestOptions, signal: AbortSignal): Promise<Response> {
  const url = new URL(`${target.apiUrl.replace(/\/(api(\/v1)?)?\/?$/, '')}${API_BASE_PATH}${path}`);
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  const response = await fetch(url, {
    method: options.method ?? 'GET',
    headers: {
      [HEADERS.authorization]: `Bearer ${target.token}`,
      [HEADERS.source]: 'cli',
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    redirect: 'error',
    signal,
  }).catch((cause: unknown) => {
    throw unreachable(target, cause, signal);
  });
  if (response.ok) return response;
  throw await toError(response);
}

function unreachable(target: Target, cause: unknown, signal: AbortSignal): AppError {
  if (signal.aborted) return new AppError('canceled', 'interrupted', { cause });
  const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return new AppError('service_unavailable', `the platform API at \`${target.apiUrl}\` does not answer`, {
    cause: reason,
    next: 'mcp-runtime up, or check --api-url',
  });
}

async function toError(response: Response): Promise<AppError> {
  const text = (await response.text()).slice(0, MAX_ERROR_BYTES);
  const { error, message } = parseBody(text);
  const code = isErrorCode(error) ? error : response.status === 401 ? 'unauthorized' : 'service_unavailable';
  return new AppError(code, message === '' ? `the platform API answered ${response.status}` : message);
}

function parseBody(text: string): { error: string; message: string } {
  try {
    const body: { error?: unknown; message?: unknown } = JSON.parse(text);
    return { error: String(body.error ?? ''), message: String(body.message ?? '') };
  } catch {
    return { error: '', message: text };
  }
}
