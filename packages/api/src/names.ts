/** Every word that crosses a wire and is not a field of a schema: declared here once, used everywhere. */

export const API_GROUP = 'mcpruntime.org';
export const API_VERSION = `${API_GROUP}/v1alpha1`;

/** Namespace that is meant when none is given. */
export const DEFAULT_NAMESPACE = 'mcp-servers';

/** HTTP header names, as they are written on the wire. Compare without regard to case. */
export const HEADERS = {
  humanId: 'X-MCP-Human-ID',
  agentId: 'X-MCP-Agent-ID',
  teamId: 'X-MCP-Team-ID',
  agentSession: 'X-MCP-Agent-Session',
  verifiedSpiffeId: 'X-MCP-Verified-SPIFFE-ID',
  authorization: 'Authorization',
  dpop: 'DPoP',
  requestId: 'X-Request-Id',
  /** Which version of a server the runtime's own readiness check looks at: `stable` or `canary`. Of others it is not read. */
  rolloutTrack: 'X-MCP-Rollout-Track',
  apiKey: 'X-API-Key',
  source: 'X-MCP-Source',
  mcpSessionId: 'Mcp-Session-Id',
  mcpProtocolVersion: 'MCP-Protocol-Version',
  mcpMethod: 'Mcp-Method',
  mcpName: 'Mcp-Name',
  lastEventId: 'Last-Event-ID',
} as const;

/** Prefix of the header family that mirrors tool arguments (MCP 2026-07-28). */
export const MCP_PARAM_HEADER_PREFIX = 'Mcp-Param-';

export const LABELS = {
  managedBy: 'app.kubernetes.io/managed-by',
  scope: `${API_GROUP}/scope`,
  rolloutTrack: `${API_GROUP}/rollout-track`,
  server: `${API_GROUP}/server`,
  /** Namespace of the server that an object in another namespace belongs to. */
  serverNamespace: `${API_GROUP}/server-namespace`,
  /** What an object is for, such as `policy`: gateways watch by it. */
  part: `${API_GROUP}/part`,
  /** Which gateway serves: `shared` or `sidecar`. */
  gateway: `${API_GROUP}/gateway`,
  teamId: `${API_GROUP}/team-id`,
  /** By which the pods of the installation are selected: its value is the name of the program, as in `CLUSTER`. */
  program: 'app.kubernetes.io/name',
  /** `true` on namespaces whose pods may read metrics of the installation. */
  monitoring: `${API_GROUP}/monitoring`,
  /** `true` on namespaces that the operator furnishes for a team. */
  managedNamespace: `platform.${API_GROUP}/managed`,
} as const;

export const MANAGED_BY = 'mcp-runtime';

/** Values of `LABELS.part`. */
export const PARTS = { policy: 'policy', tenancy: 'tenancy', pullSecret: 'pull-secret' } as const;

/** Values of `LABELS.gateway`: one gateway for many servers, or one beside each pod. */
export const GATEWAY_PLACEMENTS = ['shared', 'sidecar'] as const;

export type GatewayPlacement = (typeof GATEWAY_PLACEMENTS)[number];

/** Namespaces of servers that more than one team may use, by scope. */
export const CATALOG_NAMESPACES = { org: 'mcp-servers-org', public: 'mcp-servers-public' } as const;

/** ClusterRoles of people, which are bound in the namespaces of teams. */
export const PEOPLE_ROLES = {
  viewer: 'mcp-runtime-viewer',
  author: 'mcp-runtime-author',
  accessAdmin: 'mcp-runtime-access-admin',
} as const;

/** What the operator furnishes the namespace of a team with. */
export const TENANCY = {
  quota: 'platform-default-quota',
  limits: 'platform-default-limits',
  isolation: 'platform-default-deny',
  ownPods: 'platform-own-namespace',
  viewers: 'platform-viewers',
  authors: 'platform-authors',
  accessAdmins: 'platform-access-admins',
} as const;

/** Names and ports of what an installation in a cluster consists of. */
export const CLUSTER = {
  namespace: 'mcp-runtime',
  operator: 'mcp-runtime-operator',
  gateway: 'mcp-runtime-gateway',
  webhook: 'mcp-runtime-webhook',
  lease: `mcp-runtime-operator.${API_GROUP}`,
  /** Service account of the pods of servers; it may do nothing. */
  workloadAccount: 'mcp-workload',
  pullSecret: 'mcp-runtime-registry-pull',
  /** Secrets that the operator makes, each with one key. */
  signingKey: { secret: 'mcp-runtime-signing-key', key: 'signing-key.json' },
  tokenKeys: { secret: 'mcp-runtime-token-keys', key: 'jwks.json' },
  sessionKeys: { secret: 'mcp-runtime-session-keys', key: 'session.keys' },
  /** Secret of the authority and the serving certificate of the webhook. */
  webhookCertificate: 'mcp-runtime-webhook-certificate',
  /** Secret of the authority that vouches for gateways with TLS, and ConfigMap of what their clients trust. */
  mtlsAuthority: 'mcp-runtime-mtls-authority',
  mtlsTrust: 'mcp-runtime-mtls-trust',
  ports: { gateway: 8080, gatewayAdmin: 9103, operatorAdmin: 8081, webhook: 9443 },
} as const;

/** What the pod of a runner is told, and how. */
export const RUNNER = {
  /** Variable with the `RunnerInstructions`, as JSON. */
  instructions: 'MCP_RUNNER',
  /** Before the names of variables that are for the server and not for the runner. */
  serverVariable: 'SERVER_ENV_',
  /** The one folder that a runner keeps anything in. */
  cache: '/cache',
} as const;

export const ANNOTATIONS = {
  /** Digest of the configuration that the operator applied last. */
  applied: `${API_GROUP}/applied`,
  /** Server that an object in another namespace belongs to, as `namespace/name`. */
  server: `${API_GROUP}/server`,
  /** Set on an object to say which file it came from; information for people only. */
  source: `${API_GROUP}/source`,
  /** `true` on an object in the namespace of a team, or on the namespace: the operator leaves it as it is. */
  keep: `platform.${API_GROUP}/keep`,
  /** On the namespace of a team: groups, with commas between, in place of those of the settings. */
  ownerGroups: `platform.${API_GROUP}/owner-groups`,
  memberGroups: `platform.${API_GROUP}/member-groups`,
  /** Digest of what was furnished last. */
  furnished: `platform.${API_GROUP}/furnished`,
  /** On the pods of the operator: digest of the settings that they were started with. */
  settingsDigest: `${API_GROUP}/settings-digest`,
  /** Revision of the policy document that a ConfigMap holds, or a part of. */
  policyRevision: `${API_GROUP}/policy-revision`,
  /** Digest of a document in several ConfigMaps: those of one set belong together. */
  policySet: `${API_GROUP}/policy-set`,
  /** On a Secret with keys of the installation: new ones are asked for (`now`). */
  rotate: `${API_GROUP}/rotate`,
  /** Since when a new key opens and does not seal yet: RFC 3339. */
  rotatingSince: `${API_GROUP}/rotating-since`,
  /** When what a ConfigMap holds was decided: RFC 3339, to the millisecond. */
  publishedAt: `${API_GROUP}/published-at`,
  /** Set by people on an MCPServer: `promote:HASH` or `rollback:HASH`, with the hash of `status.rollout`. */
  rollout: `${API_GROUP}/rollout`,
  /** Hash of the version that a Deployment or a pod runs, of a rollout with a canary. */
  version: `${API_GROUP}/version`,
} as const;

/** Who wrote a field, in `metadata.managedFields`. */
export const FIELD_MANAGERS = {
  cli: 'mcp-runtime-cli',
  files: 'mcp-runtime-files',
  api: 'mcp-runtime-api',
  operator: 'mcp-runtime-operator',
  tenancy: 'mcp-runtime-tenancy',
} as const;

/** Types of audit events. */
export const EVENT_TYPES = {
  /** A request on the path of a governed server. */
  request: 'mcp.request',
  /** One, or several, that were refused before it was known which server they are for. */
  refusal: 'http.refusal',
  /** Records that could not be written, by their number. */
  gap: 'audit.gap',
} as const;

/** MCP revisions, oldest first. The last one is the stateless era ("modern"), the others are "legacy". */
export const MCP_LEGACY_VERSIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const;
export const MCP_MODERN_VERSIONS = ['2026-07-28'] as const;

/** Audience of a session token: it opens this one server and no other. */
export function serverAudience(namespace: string, name: string): string {
  return `urn:mcp-runtime:server:${namespace}/${name}`;
}

/**
 * The human that callers without a credential are, at servers with auth mode `none`: what a grant for everybody names. No
 * credential and no header can say it.
 */
export const ANONYMOUS = 'system:anonymous';

/** Issuer of session tokens where a key set names none. */
export const SESSION_TOKEN_ISSUER = 'mcp-runtime';

const INSTALLATION_ISSUER_PREFIX = 'urn:mcp-runtime:issuer:';

/** Issuer of the session tokens of one installation, so that those of another one are strangers by name too. */
export function installationIssuer(id: string): string {
  return `${INSTALLATION_ISSUER_PREFIX}${id}`;
}

/** Whether an issuer is a runtime, of whichever installation. */
export function isSessionTokenIssuer(issuer: string): boolean {
  return issuer === SESSION_TOKEN_ISSUER || issuer.startsWith(INSTALLATION_ISSUER_PREFIX);
}

/** Where the public keys of session tokens are published. */
export const JWKS_PATH = '/.well-known/jwks.json';

/** Claims of a session token beside the registered ones (RFC 7519). `sub` is the human. */
export const TOKEN_CLAIMS = {
  agent: 'agent_id',
  team: 'team_id',
  session: 'sid',
  sessionNamespace: 'session_namespace',
  /** What the token is bound to (RFC 7800). */
  confirmation: 'cnf',
  /** `session` for an agent; `probe` for the runtime's own readiness check. */
  use: 'token_use',
} as const;

/** Base path of the platform API. */
export const API_BASE_PATH = '/api/v1';
