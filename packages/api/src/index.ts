// names on the wire
export {
  ANNOTATIONS,
  CATALOG_NAMESPACES,
  CLUSTER,
  ANONYMOUS,
  API_BASE_PATH,
  API_GROUP,
  API_VERSION,
  DEFAULT_NAMESPACE,
  EVENT_TYPES,
  FIELD_MANAGERS,
  type GatewayPlacement,
  HEADERS,
  JWKS_PATH,
  LABELS,
  MANAGED_BY,
  MCP_LEGACY_VERSIONS,
  MCP_MODERN_VERSIONS,
  MCP_PARAM_HEADER_PREFIX,
  PARTS,
  PEOPLE_ROLES,
  RUNNER,
  SESSION_TOKEN_ISSUER,
  TENANCY,
  TOKEN_CLAIMS,
  installationIssuer,
  isSessionTokenIssuer,
  serverAudience,
} from './names.ts';
export { parseSessionSpiffeId, sessionSpiffeId } from './spiffe.ts';

// metrics
export { METRICS, type MetricRow, OPERATOR_METRICS } from './metrics.ts';

export { isCredentialHeader, type UpstreamAuth } from './resources/server/upstream-auth.ts';

// errors
export {
  AppError,
  ERRORS,
  type ErrorCode,
  type HttpErrorBody,
  type JsonRpcErrorBody,
  type JsonRpcId,
  asAppError,
  isErrorCode,
  toConditionReason,
  toExitCode,
  toHttpError,
  toJsonRpcError,
} from './errors.ts';

// resources
export {
  Condition,
  NamespaceName,
  BuiltinObjectMeta,
  ObjectMeta,
  ObjectName,
  type OwnerReference,
  type ObjectKey,
  keyOf,
  keyText,
} from './resources/meta.ts';
export {
  ACCESS_PHASES,
  AUTH_MODES,
  type AccessPhase,
  type AuthMode,
  DENIALS,
  type Denials,
  POLICY_DECISIONS,
  POLICY_MODES,
  PolicyDecision,
  SIDE_EFFECTS,
  SideEffect,
  TRUST_LEVELS,
  TrustLevel,
} from './resources/closed-sets.ts';
export { Subject } from './resources/references.ts';
export { MCPServer, MCPServerSpec } from './resources/server/server.ts';
export { MCPServerStatus, type RolloutStatus } from './resources/server/status.ts';
export { SERVER_RULES } from './resources/server/rules.ts';
export { ToolConfig } from './resources/server/offer.ts';
export { SCOPE_TOKEN } from './resources/server/oauth.ts';
export { SOURCE_RULES, Source } from './resources/server/source.ts';
export { AccessStatus, GRANT_RULES, MCPAccessGrant, MCPAccessGrantSpec } from './resources/grant.ts';
export { MCPAgentSession, MCPAgentSessionSpec, SESSION_RULES } from './resources/session.ts';
export { RESOURCE_KINDS, type Resource, type ResourceKind, isResourceKind } from './resources/index.ts';
export { type ResolvedServer, resolveServer, declaredSource, sourceText, taggedImage } from './resources/defaults.ts';
export { type ListedKind, type Target, type TaskTarget } from './target.ts';
export { type CrossFieldRule } from './resources/rules.ts';

// server file
export { type RegistryHosts, SERVER_SCOPES, ServerFile, ServerFileEntry, toServers } from './server-file.ts';

// what a runner runs
export { RunnerInstructions } from './runner.ts';

// session tokens
export { Confirmation } from './confirmation.ts';
export {
  SESSION_TOKEN_ALGORITHMS,
  type SessionTokenAlgorithm,
  SessionTokenKey,
  SessionTokenKeys,
} from './token-keys.ts';

// policy document and audit event
export {
  PolicyDocument,
  type PolicyDocumentLimits,
  type PolicyDocumentGrant,
  type PolicyDocumentSession,
  type PolicyDocumentTool,
  type PolicyDocumentUpstreamAuth,
} from './policy-document.ts';
export { GatewayRoute, type RouteTrack } from './gateway-route.ts';
export { GatewayActivity, ServerDefinitions } from './server-definitions.ts';
export { AuditEvent, AuditPayload, NO_EXCHANGE } from './audit-event.ts';

// HTTP bodies of the platform API
export {
  ApplyRequest,
  ApplyResult,
  AuditPage,
  ChangeResult,
  DeployRequest,
  EvaluateRequest,
  GrantBody,
  GrantList,
  MAX_SESSION_TOKEN_SECONDS,
  RotateKeysRequest,
  RuntimeStatus,
  ServerBody,
  ServerList,
  ServerSummary,
  SessionBody,
  SessionList,
  ToggleGrantRequest,
  ToggleSessionRequest,
  TokenRequest,
  TokenResult,
  VerifyResult,
} from './http-contract.ts';
