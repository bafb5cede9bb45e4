import { AppError } from '@mcp-runtime/api';
import { type UpstreamRequest } from './port.ts';

/** Cause of a failure before any byte of a request was sent. */
class Unsent extends Error {
  readonly request: object;

  constructor(request: object, cause: unknown) {
    super('the connection was not made', { cause });
    this.request = request;
  }
}

/** A failure to connect, told as one of that request, for which the connection was to be made. */
export function unsent(request: UpstreamRequest, error: AppError): AppError {
  const { code, message, cause } = error;
  if (!OF_CONNECTING.has(code)) return error;
  return new AppError(code, message, { cause: new Unsent(request, cause) });
}

const OF_CONNECTING: ReadonlySet<string> = new Set(['upstream_unavailable', 'upstream_timeout']);

export function neverConnected({ cause }: AppError): boolean {
  return cause instanceof Unsent;
}

/** Whether that is why that very request failed: other requests of the same exchange may have been sent. */
export function isUnsent({ cause }: AppError, request: UpstreamRequest): boolean {
  return cause instanceof Unsent && cause.request === request;
}
