import { z } from 'zod';

/**
 * The policy document, version 1: what the control loop renders for one server and a gateway decides from.
 * Members are declared in canonical order, the order that the revision is computed over. The values of
 * enumerated members are text here, since the document is validated as a whole (`@mcp-runtime/policy`).
 * Members after `upstream_token_ref`, `tool_rules` and `sessions` of the first published form are
 * extensions: absent ones leave the revision of a document unchanged.
 */
const text = z.string().optional();

const DocumentServer = z.object({ name: z.string(), namespace: z.string(), team_id: text, cluster: text });

const scopes = z.array(z.string()).optional();
const DocumentSideEffectScopes = z.object({ read: scopes, write: scopes, destructive: scopes });
/** `client_secret_ref` is `secretName/key`. */
const DocumentIntrospection = z.object({ url: text, client_id: z.string(), client_secret_ref: z.string() });

const DocumentAuth = z.object({
  mode: text,
  human_id_header: text,
  agent_id_header: text,
  team_id_header: text,
  session_id_header: text,
  token_header: text,
  issuer_url: text,
  audience: text,
  trust_domain: text,
  /** Extensions: what access tokens must hold, and where they name the caller. */
  required_scopes: scopes,
  side_effect_scopes: DocumentSideEffectScopes.optional(),
  claims: z.object({ human: text, agent: text, team: text, session: text }).optional(),
  introspection: DocumentIntrospection.optional(),
});

const DocumentPolicy = z.object({
  mode: text,
  default_decision: text,
  enforce_on: text,
  policy_version: text,
  /** Extension: `conceal`, `explain` or `http`; absent is `conceal`. */
  denials: text,
});

const DocumentSessionSettings = z.object({
  required: z.boolean().optional(),
  store: text,
  header_name: text,
  max_lifetime: text,
  idle_timeout: text,
  upstream_token_header: text,
});

/** Extensions: how much each caller may do in a window. */
const count = z.int().min(1).optional();
const DocumentLimits = z
  .object({
    window_seconds: count,
    calls: count,
    request_bytes: count,
    response_bytes: count,
    concurrency: count,
  })
  .optional();

/** JSON Pointer (RFC 6901) into the arguments, and the type of what is there. */
const DocumentArgument = z.object({ path: z.string(), type: z.string() });

const DocumentTool = z.object({
  name: z.string(),
  description: text,
  required_trust: text,
  side_effect: text,
  risk_level: text,
  labels: z.record(z.string(), z.string()).optional(),
  /** An extension. */
  required_scopes: scopes,
  /** Extension: types of the arguments, where they are known; the first line is the object itself, with path `''`. */
  arguments: z.array(DocumentArgument).optional(),
  /** Extension: what the running server says that a call may do; counts where it is more than `side_effect`. */
  observed_side_effect: text,
  limits: DocumentLimits,
});

/** `condition` is an extension: a CEL expression. */
const DocumentRule = z.object({ name: z.string(), decision: text, required_trust: text, condition: text });
const DocumentResourceRule = z.object({ uri: z.string(), decision: text, required_trust: text });

const DocumentGrant = z.object({
  name: z.string(),
  namespace: text,
  human_id: text,
  agent_id: text,
  team_id: text,
  max_trust: text,
  allowed_side_effects: z.array(z.string()).optional(),
  policy_version: text,
  disabled: z.boolean().optional(),
  tool_rules: z.array(DocumentRule).optional(),
  /** Extensions: RFC 3339 instants, and rules that count where `enforce_on` is `all`. */
  not_before: text,
  expires_at: text,
  prompt_rules: z.array(DocumentRule).optional(),
  resource_rules: z.array(DocumentResourceRule).optional(),
  limits: DocumentLimits,
});

const DocumentSession = z.object({
  name: z.string(),
  namespace: text,
  human_id: text,
  agent_id: text,
  team_id: text,
  consented_trust: text,
  revoked: z.boolean().optional(),
  expires_at: text,
  policy_version: text,
  /** `secretName/key`. */
  upstream_token_ref: text,
});

/** Extension: what the gateway presents to the server, by exactly one of `secret_ref` and `token_url`. */
const DocumentUpstreamAuth = z.object({
  header: text,
  /** `secretName/key`. */
  secret_ref: text,
  /** RFC 8693. */
  token_url: text,
  client_id: text,
  /** `secretName/key`. */
  client_secret_ref: text,
  audience: text,
  resource: text,
  scopes: z.array(z.string()).optional(),
});

export const PolicyDocument = z.object({
  schema_version: z.string(),
  revision: z.string(),
  generated_at: text,
  server: DocumentServer,
  auth: DocumentAuth.optional(),
  policy: DocumentPolicy.optional(),
  session: DocumentSessionSettings.optional(),
  tools: z.array(DocumentTool).optional(),
  grants: z.array(DocumentGrant).optional(),
  sessions: z.array(DocumentSession).optional(),
  limits: DocumentLimits,
  upstream_auth: DocumentUpstreamAuth.optional(),
});

export type PolicyDocument = z.infer<typeof PolicyDocument>;
export type PolicyDocumentLimits = NonNullable<z.infer<typeof DocumentLimits>>;
export type PolicyDocumentUpstreamAuth = z.infer<typeof DocumentUpstreamAuth>;
export type PolicyDocumentTool = z.infer<typeof DocumentTool>;
export type PolicyDocumentGrant = z.infer<typeof DocumentGrant>;
export type PolicyDocumentSession = z.infer<typeof DocumentSession>;
