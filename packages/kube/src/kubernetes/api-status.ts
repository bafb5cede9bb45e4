import { AppError, type ErrorCode } from '@mcp-runtime/api';
import { type JsonObject, isJsonObject } from '../json.ts';

/** Reasons of a Kubernetes Status (apimachinery, `meta/v1` StatusReason) as codes of the runtime. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  Unauthorized: 'cluster_access_refused',
  Forbidden: 'forbidden',
  NotFound: 'not_found',
  AlreadyExists: 'already_exists',
  Conflict: 'conflict',
  Gone: 'resource_version_expired',
  Expired: 'resource_version_expired',
  Invalid: 'invalid_resource',
  BadRequest: 'invalid_request',
  MethodNotAllowed: 'method_not_allowed',
  NotAcceptable: 'invalid_request',
  UnsupportedMediaType: 'unsupported_media_type',
  RequestEntityTooLarge: 'request_too_large',
  TooManyRequests: 'too_many_requests',
  ServerTimeout: 'deadline_exceeded',
  Timeout: 'deadline_exceeded',
  InternalError: 'service_unavailable',
  ServiceUnavailable: 'service_unavailable',
};

/** For answers that say no reason, such as those of a proxy. */
const CODES_BY_HTTP: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_request',
  401: 'cluster_access_refused',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  409: 'conflict',
  410: 'resource_version_expired',
  413: 'request_too_large',
  415: 'unsupported_media_type',
  422: 'invalid_resource',
  429: 'too_many_requests',
  504: 'deadline_exceeded',
};

const MAX_MESSAGE = 2_000;

const NEXT: Partial<Record<ErrorCode, string>> = {
  cluster_access_refused: 'renew the credential that the kubeconfig names',
  forbidden: 'have a role bound that allows it',
  resource_version_expired: 'list again and watch from there',
};

/** What was asked for, as messages name it. */
export interface Asked {
  /** The object, or the collection. */
  readonly what: string;
  readonly type: { readonly plural: string; readonly apiVersion: string };
}

/** What the API server answered when it refused. */
export function refusalOf(status: number, body: unknown, { what, type }: Asked): AppError {
  const answer = isJsonObject(body) && body['kind'] === 'Status' ? body : {};
  const reason = typeof answer['reason'] === 'string' ? answer['reason'] : '';
  const message = typeof answer['message'] === 'string' ? answer['message'] : `HTTP status ${status}`;
  const causes = causesOf(answer);
  const disputes = causes.filter((cause) => cause.reason === 'FieldManagerConflict');
  if (disputes.length > 0) {
    return new AppError('conflict', bounded(disputes.map(disputeText).join(', ')), {
      next: 'leave the fields out, or take them over with --force-conflicts',
    });
  }
  // Passes by itself (apimachinery, `NamespaceTerminatingCause`): no role allows it, and nobody has to do anything.
  if (causes.some((cause) => cause.reason === 'NamespaceTerminating'))
    return new AppError('conflict', `${what}: its namespace is ending`);
  if (isGoneBefore(reason, message)) return new AppError('not_found', `${what} does not exist`);
  const code = codeOf(status, reason);
  if (code === 'not_found' && isUnknownPath(answer)) {
    return new AppError(code, `the Kubernetes API does not serve \`${type.plural}\` of \`${type.apiVersion}\``, {
      next: 'install what defines them, such as the resource definitions of the runtime',
    });
  }
  const details = code === 'invalid_resource' && causes.length > 0 ? causes.map(causeText).join('; ') : message;
  const next = NEXT[code];
  return new AppError(code, bounded(`${what}: ${details}`), next === undefined ? {} : { next });
}

/** Whether a 404 is about the object, and not about the kind, the namespace or the path. */
export function isAbsent(body: unknown, name: string): boolean {
  if (!isJsonObject(body) || body['reason'] !== 'NotFound') return false;
  const { details } = body;
  return isJsonObject(details) && details['name'] === name && details['kind'] !== 'namespaces';
}

/** An update with a uid of an object that is gone is answered as a conflict with an empty uid. */
function isGoneBefore(reason: string, message: string): boolean {
  return reason === 'Conflict' && /UID in object meta: *$/.test(message);
}

/** A Status about an object or a namespace names it. */
function isUnknownPath({ details }: JsonObject): boolean {
  return !isJsonObject(details) || typeof details['name'] !== 'string';
}

function codeOf(status: number, reason: string): ErrorCode {
  if (Object.hasOwn(CODES, reason)) return CODES[reason] ?? 'internal';
  return CODES_BY_HTTP[status] ?? (status >= 500 ? 'service_unavailable' : 'internal');
}

interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

function causesOf(answer: JsonObject): readonly Cause[] {
  const { details } = answer;
  const causes = isJsonObject(details) && Array.isArray(details['causes']) ? details['causes'] : [];
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return causes
    .filter(isJsonObject)
    .map(({ reason, message, field }) => ({ reason: text(reason), message: text(message), field: text(field) }));
}

/** `conflict with "files" using …` names the manager in quotes. */
function disputeText({ field, message }: Cause): string {
  const manager = /^conflict with "((?:[^"\\]|\\.)*)"/.exec(message)?.[1];
  return manager === undefined ? `\`${field}\`: ${message}` : `\`${field}\` is owned by \`${manager}\``;
}

function causeText({ field, message }: Cause): string {
  return field === '' || field === '<nil>' ? message : `${field}: ${message}`;
}

function bounded(message: string): string {
  const line = message.replaceAll(/[\u0000-\u001f\u007f]+/g, ' ');
  return line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE)}…` : line;
}
