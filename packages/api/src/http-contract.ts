import { z } from 'zod';
import { AuditEvent } from './audit-event.ts';
import { Confirmation } from './confirmation.ts';
import { MCPAccessGrant } from './resources/grant.ts';
import { Condition } from './resources/meta.ts';
import { MCPServer, MCPServerSpec } from './resources/server/server.ts';
import { MCPServerStatus } from './resources/server/status.ts';
import { MCPAgentSession } from './resources/session.ts';
import { SESSION_TOKEN_ALGORITHMS } from './token-keys.ts';

/** Bodies of the platform API, by use. Paths are under `API_BASE_PATH`. */

export const RuntimeStatus = z.object({
  instance: z.string(),
  version: z.string(),
  pid: z.int(),
  startedAt: z.string(),
  gatewayUrl: z.string(),
  apiUrl: z.string(),
  dataDir: z.string(),
  servers: z.object({ ready: z.int(), total: z.int() }),
  audit: z.object({ writable: z.boolean(), events: z.int() }),
});

export const ServerSummary = z.object({
  name: z.string(),
  namespace: z.string(),
  description: z.string().optional(),
  source: z.string(),
  transport: z.enum(['http', 'stdio']),
  status: z.enum(['Ready', 'Degraded', 'NotReady']),
  reason: z.string(),
  message: z.string(),
  endpoint: z.string().optional(),
  age: z.string(),
  team_id: z.string().optional(),
  conditions: z.array(Condition),
  tools: MCPServerStatus.shape.tools,
  protocolVersion: z.string().optional(),
  policyRevision: z.string().optional(),
});

export const ServerList = z.object({ servers: z.array(ServerSummary) });
export const ServerBody = z.object({ server: MCPServer });
export const GrantList = z.object({ grants: z.array(MCPAccessGrant) });
export const GrantBody = z.object({ grant: MCPAccessGrant });
export const SessionList = z.object({ sessions: z.array(MCPAgentSession) });
export const SessionBody = z.object({ session: MCPAgentSession });

/** Body of POST /runtime/servers. */
export const DeployRequest = z.strictObject({
  name: z.string(),
  namespace: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  update: z.boolean().default(false),
  dryRun: z.boolean().default(false),
  spec: MCPServerSpec,
});

/** Body of POST /runtime/apply: several resources, all valid or nothing written. */
export const ApplyRequest = z.strictObject({
  resources: z.array(z.unknown()).min(1).max(1000),
  dryRun: z.boolean().default(false),
  /** Take over fields that others set to another value. */
  force: z.boolean().default(false),
});

export const ApplyResult = z.object({
  results: z.array(
    z.object({
      kind: z.string(),
      namespace: z.string(),
      name: z.string(),
      action: z.enum(['created', 'configured', 'unchanged']),
    }),
  ),
});

export const ToggleGrantRequest = z.strictObject({ disabled: z.boolean(), dryRun: z.boolean().default(false) });
export const ToggleSessionRequest = z.strictObject({ revoked: z.boolean(), dryRun: z.boolean().default(false) });

export const ChangeResult = z.object({
  success: z.boolean(),
  namespace: z.string(),
  name: z.string(),
  changed: z.boolean().meta({ description: 'False when it was so already.' }),
});

/** No session token lives longer. */
export const MAX_SESSION_TOKEN_SECONDS = 86_400;

export const TokenRequest = z.strictObject({
  ttlSeconds: z.int().min(1).max(MAX_SESSION_TOKEN_SECONDS).default(3600),
  confirmation: Confirmation.optional().meta({ description: 'What the token is bound to.' }),
});

export const TokenResult = z.object({
  token: z.string(),
  expiresAt: z.string(),
  audience: z.string(),
  endpoint: z.string().optional(),
});

/** Body of POST /runtime/keys/rotate. The answer is the public key set. */
export const RotateKeysRequest = z.strictObject({
  algorithm: z.enum(SESSION_TOKEN_ALGORITHMS).default('EdDSA'),
  retire: z
    .enum(['after-tokens', 'now'])
    .default('after-tokens')
    .meta({ description: '`now` refuses every token that was issued so far.' }),
});

export const AuditPage = z.object({
  events: z.array(AuditEvent),
  meta: z.object({ limit: z.int(), has_more: z.boolean(), next_cursor: z.string().optional() }),
});

export const VerifyResult = z.object({
  ok: z.boolean(),
  records: z.int(),
  writers: z.array(z.object({ writer: z.string(), first: z.int(), last: z.int(), head: z.string() })),
  firstBad: z.object({ writer: z.string(), seq: z.int(), problem: z.string(), message: z.string() }).optional(),
});

/** What `policy evaluate` reads of a request: who calls what, when. */
export const EvaluateRequest = z.object({
  method: z.string(),
  tool: z.string().default(''),
  prompt: z.string().default(''),
  uri: z.string().default(''),
  human_id: z.string().default(''),
  agent_id: z.string().default(''),
  team_id: z.string().default(''),
  session_id: z.string().default(''),
  scope: z.string().default('').meta({ description: 'Scopes of the access token, with spaces between.' }),
  now: z.string().optional(),
  arguments: z.record(z.string(), z.unknown()).optional(),
});

export type RuntimeStatus = z.infer<typeof RuntimeStatus>;
export type ServerSummary = z.infer<typeof ServerSummary>;
export type VerifyResult = z.infer<typeof VerifyResult>;
export type TokenResult = z.infer<typeof TokenResult>;
export type AuditPage = z.infer<typeof AuditPage>;
export type EvaluateRequest = z.infer<typeof EvaluateRequest>;
export type ApplyResult = z.infer<typeof ApplyResult>;
