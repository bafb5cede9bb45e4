/**
 * The error table. Every edge (HTTP, JSON-RPC, exit status, Kubernetes condition) derives from it.
 * JSON-RPC codes lie outside -32768…-32000, which the JSON-RPC and MCP specifications keep for themselves.
 */
interface ErrorRow {
  /** HTTP status. */
  readonly http: number;
  /** JSON-RPC error code. */
  readonly rpc: number;
  /** Exit status after sysexits(3). */
  readonly exit: number;
  /** Whether the same request may succeed later without a change. */
  readonly again: 'retry' | 'final';
  /** What it means, for the reference page. */
  readonly meaning: string;
}

export const ERRORS = {
  // the caller's identity
  missing_identity: row(401, 40100, 77, 'final', 'the request carries no identity that this server accepts'),
  missing_session: row(401, 40101, 77, 'final', 'the server asks for an agent session and the request names none'),
  session_not_found: row(401, 40102, 77, 'final', 'no agent session of that name belongs to the caller'),
  session_revoked: row(401, 40103, 77, 'final', 'the agent session was revoked'),
  session_expired: row(401, 40104, 77, 'final', 'the agent session has expired'),
  invalid_token: row(401, 40105, 77, 'final', 'the token is malformed, expired, forged or meant for another server'),
  missing_bearer_token: row(401, 40106, 77, 'final', 'the server asks for a bearer token'),
  untrusted_identity_headers: row(
    401,
    40107,
    77,
    'final',
    'identity headers came from a hop that is not declared trusted',
  ),
  missing_client_certificate: row(401, 40108, 77, 'final', 'the server asks for a client certificate'),
  untrusted_proxy: row(401, 40109, 77, 'final', 'the connecting proxy is not the declared one'),
  missing_verified_identity: row(401, 40110, 77, 'final', 'the trusted proxy passed on no verified identity'),
  invalid_spiffe_identity: row(401, 40111, 77, 'final', 'the verified identity is not a session of this trust domain'),
  invalid_dpop_proof: row(
    401,
    40112,
    77,
    'final',
    'the token is bound to a key, and the request does not prove that the sender has it',
  ),
  certificate_mismatch: row(401, 40113, 77, 'final', 'the token is bound to another client certificate'),
  reserved_identity: row(
    401,
    40114,
    77,
    'final',
    'the credential names a caller whose name the runtime keeps for itself',
  ),
  unauthorized: row(401, 40120, 77, 'final', 'the platform API needs a credential'),

  // policy
  no_matching_grant: row(403, 40300, 77, 'final', 'no grant covers this caller on this server'),
  tool_denied: row(403, 40301, 77, 'final', 'a grant denies this tool, prompt or resource by name'),
  tool_not_granted: row(403, 40302, 77, 'final', 'no grant of the caller allows this tool, prompt or resource'),
  tool_side_effect_unknown: row(
    403,
    40303,
    77,
    'final',
    'the tool has no declared side effect, so it cannot be allowed',
  ),
  side_effect_not_allowed: row(403, 40304, 77, 'final', 'no grant of the caller allows this side effect'),
  grant_without_trust: row(403, 40305, 77, 'final', 'the grant carries no trust'),
  trust_too_low: row(403, 40306, 77, 'final', 'granted or consented trust is below what the tool requires'),
  unknown_method: row(403, 40307, 77, 'final', 'the method is not one that policy knows'),
  undecided: row(403, 40308, 77, 'final', 'no decision was reached'),
  condition_not_met: row(403, 40310, 77, 'final', 'a grant allows this only for other arguments'),
  rpc_inspection_failed: row(403, 40309, 77, 'final', 'the message cannot be read without ambiguity'),
  insufficient_scope: row(403, 40310, 77, 'final', 'the access token lacks a scope that the request needs'),
  forbidden: row(403, 40320, 77, 'final', 'the credential does not allow this'),
  host_not_allowed: row(403, 40321, 77, 'final', 'the Host or Origin header is not one that this listener serves'),
  policy_unavailable: row(503, 50302, 75, 'retry', 'no valid policy is loaded for the server'),
  policy_stale: row(503, 50309, 75, 'retry', 'the gateway could not confirm for too long that its policy still holds'),

  // what was sent
  invalid_request: row(400, 40000, 65, 'final', 'the request is malformed'),
  invalid_resource: row(400, 40001, 65, 'final', 'a resource file or object is not valid'),
  header_mismatch: row(400, -32020, 65, 'final', 'headers and body of the request disagree (MCP 2026-07-28)'),
  invalid_config: row(400, 40002, 78, 'final', 'the configuration is not valid'),
  request_too_large: row(413, 41300, 65, 'final', 'the request body is larger than the limit'),
  unsupported_media_type: row(415, 41500, 65, 'final', 'the request body is not UTF-8 JSON'),
  request_timeout: row(408, 40800, 75, 'retry', 'the request body did not arrive in time'),
  not_found: row(404, 40400, 66, 'final', 'there is no such object'),
  oauth_not_enabled: row(404, 40401, 66, 'final', 'no endpoint here takes OAuth access tokens under that path'),
  method_not_allowed: row(405, 40500, 64, 'final', 'the resource does not take this HTTP method'),
  usage: row(400, 40003, 64, 'final', 'the command line is not valid'),

  // resources
  conflict: row(409, 40900, 75, 'retry', 'the object was changed by somebody else since it was read'),
  already_exists: row(409, 40901, 73, 'final', 'an object of that name exists'),
  resource_version_expired: row(
    410,
    41000,
    75,
    'retry',
    'the watch asks for a version that is no longer kept; list again',
  ),

  // limits and upstreams
  too_many_requests: row(429, 42900, 75, 'retry', 'a limit on requests was reached'),
  rate_limited: row(429, 42901, 75, 'retry', 'the caller made as many calls as its limit allows in a window'),
  volume_limited: row(429, 42902, 75, 'retry', 'the caller moved as many bytes as its limit allows in a window'),
  concurrency_limited: row(429, 42903, 75, 'retry', 'the caller has as many calls in progress as its limit allows'),
  overloaded: row(503, 50303, 75, 'retry', 'too many requests are in progress'),
  server_asleep: row(503, 50310, 75, 'retry', 'the MCP server sleeps, and did not start in time'),
  upstream_unavailable: row(502, 50200, 69, 'retry', 'the MCP server cannot be reached'),
  upstream_timeout: row(504, 50400, 75, 'retry', 'the MCP server did not answer in time'),
  oauth_provider_unavailable: row(
    503,
    50305,
    75,
    'retry',
    'the OAuth issuer cannot be asked for its keys, or about a token',
  ),
  upstream_credential_unavailable: row(
    503,
    50308,
    75,
    'retry',
    'the credential that the MCP server asks for cannot be obtained',
  ),
  token_keys_unavailable: row(503, 50307, 75, 'retry', 'the keys of session tokens cannot be read'),
  oauth_issuer_missing: row(503, 50306, 78, 'final', 'the policy asks for OAuth and names no issuer'),
  audit_unavailable: row(503, 50304, 75, 'retry', 'the audit record cannot be written, so the call is refused'),
  service_unavailable: row(503, 50301, 69, 'retry', 'a part of the runtime is not available'),
  cluster_access_refused: row(
    503,
    50309,
    77,
    'retry',
    'the Kubernetes API does not accept the credential of the runtime, or there is none',
  ),
  deadline_exceeded: row(504, 50401, 75, 'retry', 'the operation did not end in time'),
  canceled: row(499, 49900, 75, 'final', 'the caller went away'),

  // running servers on a host
  port_in_use: row(500, 50010, 73, 'final', 'another program listens on the port'),
  data_in_use: row(500, 50011, 73, 'final', 'another runtime uses the data folder'),
  data_corrupt: row(500, 50012, 74, 'final', 'a data file is damaged'),
  disk_full: row(507, 50700, 74, 'final', 'there is no space left where the runtime keeps its data'),
  install_failed: row(500, 50013, 69, 'retry', 'a package cannot be installed'),
  server_exited: row(502, 50201, 69, 'retry', 'the MCP server process ended'),
  source_unsupported: row(500, 50014, 69, 'final', 'this host cannot run that kind of source'),
  verification_failed: row(500, 50015, 65, 'final', 'the audit log does not verify'),

  internal: row(500, 50000, 70, 'final', 'a fault of the runtime itself'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

interface AppErrorOptions {
  readonly cause?: unknown;
  /** The command or action to try next; shown to people. */
  readonly next?: string;
}

/**
 * The one error type. `message` starts in lower case, ends without a period, quotes user values in
 * backticks. The cause is for logs and is never sent.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly next: string | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.next = options.next;
  }
}

/** Anything caught, as an AppError; what is not one is `internal`, with a message that says nothing of its cause. */
export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError('disk_full', 'there is no space left on the disk', {
      cause: error,
      next: 'make space and try again',
    });
  }
  return new AppError('internal', 'internal error', { cause: error });
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}

export interface HttpErrorBody {
  readonly error: ErrorCode;
  readonly message: string;
  readonly requestId: string;
}

export function toHttpError(error: AppError, requestId: string): { status: number; body: HttpErrorBody } {
  return { status: ERRORS[error.code].http, body: { error: error.code, message: error.message, requestId } };
}

export type JsonRpcId = string | number | null;

export interface JsonRpcErrorBody {
  readonly jsonrpc: '2.0';
  readonly id: JsonRpcId;
  readonly error: {
    readonly code: number;
    readonly message: string;
    readonly data: { readonly reason: ErrorCode; readonly requestId: string };
  };
}

export function toJsonRpcError(error: AppError, id: JsonRpcId, requestId: string): JsonRpcErrorBody {
  const { rpc } = ERRORS[error.code];
  return {
    jsonrpc: '2.0',
    id,
    error: { code: rpc, message: error.message, data: { reason: error.code, requestId } },
  };
}

export function toExitCode(error: AppError): number {
  return ERRORS[error.code].exit;
}

/** `session_expired` → `SessionExpired`, the form of condition reasons. */
export function toConditionReason(code: ErrorCode): string {
  return code.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function row<const H extends number, const R extends number>(
  http: H,
  rpc: R,
  exit: number,
  again: 'retry' | 'final',
  meaning: string,
): ErrorRow & { http: H; rpc: R } {
  return { http, rpc, exit, again, meaning };
}
