import { API_BASE_PATH, AppError, HEADERS, isErrorCode } from '@mcp-runtime/api';
import { z } from 'zod';
import { type CommandIo } from '../frame/command.ts';
import { type Target, type TargetFlags, findTarget } from './target.ts';

const TIMEOUT_MS = 120_000;
const MAX_ERROR_CHARACTERS = 64 * 1024;

interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Calls the platform API and reads its answers by their schema. */
export interface ApiClient {
  call<T>(path: string, schema: z.ZodType<T>, options?: RequestOptions): Promise<T>;
  /** The body of the answer as text, chunk by chunk; ends when the server ends it or the user interrupts. */
  stream(path: string, options: RequestOptions): AsyncIterable<string>;
}

export async function connectApi(flags: TargetFlags, io: Pick<CommandIo, 'env' | 'signal'>): Promise<ApiClient> {
  return createApiClient(await findTarget(flags, io.env), io.signal);
}

export function createApiClient(target: Target, interrupt: AbortSignal): ApiClient {
  return {
    call: async (path, schema, options = {}) => {
      const signal = AbortSignal.any([interrupt, options.signal ?? interrupt, AbortSignal.timeout(TIMEOUT_MS)]);
      const response = await send(target, path, options, signal);
      const answer = await response.text().catch((cause: unknown) => {
        throw unreachable(target, cause, interrupt);
      });
      return readAnswer(answer, schema);
    },
    stream: async function* (path, options) {
      try {
        const response = await send(target, path, options, interrupt);
        if (response.body !== null) yield* response.body.pipeThrough(new TextDecoderStream());
      } catch (cause) {
        if (interrupt.aborted) return;
        throw cause instanceof AppError ? cause : unreachable(target, cause, interrupt);
      }
    },
  };
}

/** A path of the platform API; each part is escaped. */
export function apiPath(...parts: readonly string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join('');
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
  const error = await toError(response);
  throw response.status === 404 && EVERY_API_HAS.has(path) ? noPlatformApi(target, error) : error;
}

/** Of other paths an answer that there is nothing means that an object is not there. */
const EVERY_API_HAS: ReadonlySet<string> = new Set([
  '/runtime/status',
  '/runtime/apply',
  '/runtime/servers',
  '/runtime/grants',
  '/runtime/sessions',
  '/runtime/keys',
  '/events',
]);

function noPlatformApi({ apiUrl }: Target, cause: AppError): AppError {
  return new AppError('service_unavailable', `what answers at \`${apiUrl}\` is no platform API`, {
    cause,
    next: 'check --api-url: `mcp-runtime up` and `mcp-runtime status` print the URL of the API beside that of the gateway',
  });
}

function unreachable(target: Target, cause: unknown, signal: AbortSignal): AppError {
  if (cause instanceof Error && cause.name === 'TimeoutError')
    return new AppError('deadline_exceeded', `the platform API at \`${target.apiUrl}\` did not answer in time`, {
      cause,
    });
  if (signal.aborted) return new AppError('canceled', 'interrupted');
  const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return new AppError('service_unavailable', `the platform API at \`${target.apiUrl}\` does not answer`, {
    cause: reason,
    next: 'mcp-runtime up, or check --api-url',
  });
}

const ErrorAnswer = z.object({ error: z.string(), message: z.string(), next: z.string().optional() });
const SET_TOKEN = 'set MCP_PLATFORM_API_TOKEN to what `admin.token` in the data folder of that runtime holds';

async function toError(response: Response): Promise<AppError> {
  const text = (await response.text().catch(() => '')).slice(0, MAX_ERROR_CHARACTERS);
  const body = ErrorAnswer.safeParse(parseJson(text));
  const unknown = response.status === 401 ? 'unauthorized' : 'service_unavailable';
  const code = body.success && isErrorCode(body.data.error) ? body.data.error : unknown;
  const message = body.success ? body.data.message : `the platform API answered with status ${response.status}`;
  const next = code === 'unauthorized' ? SET_TOKEN : body.data?.next;
  return new AppError(code, message, next === undefined ? {} : { next });
}

function readAnswer<T>(text: string, schema: z.ZodType<T>): T {
  const answer = schema.safeParse(parseJson(text));
  if (answer.success) return answer.data;
  throw new AppError('service_unavailable', 'the answer of the platform API cannot be read', {
    cause: answer.error,
    next: 'check that --api-url is a platform API of the same version',
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
