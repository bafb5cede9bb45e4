export { startGateway } from './gateway.ts';
export { DEFAULT_LIMITS, type Gateway, type GatewayLimits, type GatewayOptions } from './options.ts';
export { createRefusalLog } from './record/refusals.ts';
export { type AuditBacklog, type AuditSink } from './record/audit.ts';
export {
  type FollowedTokenKeys,
  type TokenKeyHolder,
  type TokenKeySource,
  holdTokenKeys,
} from './identify/token-keys.ts';
export { watchTokenKeysFile } from './identify/token-keys-file.ts';
export { pollTokenKeysUrl } from './identify/token-keys-url.ts';
export { type ReadSecret, type SecretRef } from './secrets.ts';
export { openSessionKeys } from './seal/session-keys.ts';
export { type SessionPlace, type SessionSeal, createSessionSeal } from './seal/session-seal.ts';
export { type PolicyHolder, type PolicySource, holdPolicy } from './policy-source/holder.ts';
export { type PolicyFile, type PolicyFileStatus, watchPolicyFile } from './policy-source/file.ts';
export { type Sleeper, createSleeper } from './sleep/sleeper.ts';
export { type Endpoints, createEndpoints } from './routes/endpoints.ts';
export { type Route, type RouteTable } from './routes/route.ts';
export { type TlsOptions } from './tls/open-tls.ts';
export { undeclaredIdentity } from './identify/undeclared.ts';
export { holdSealKeys } from './seal/seal.ts';
export { watchFiles } from './watch-files.ts';
export { publicAnd } from './outbound/reach.ts';
