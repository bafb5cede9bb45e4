export { DEFAULT_LIMITS, type Gateway, type GatewayLimits, type GatewayOptions, startGateway } from './gateway.ts';
export { type Address } from './listener.ts';
export { createRefusalLog } from './refusals.ts';
export { type AuditSink } from './audit.ts';
export { openSessionKeys } from './session-keys.ts';
export { type SessionPlace, type SessionSeal, createSessionSeal } from './session-seal.ts';
export { type PolicyHolder, type PolicySource, holdPolicy } from './policy-source.ts';
export { type PolicyFile, type PolicyFileStatus, watchPolicyFile } from './policy-file.ts';
export { type Route, type RouteTable } from './route.ts';
