import { z } from 'zod';
import { GATEWAY_PLACEMENTS, HEADERS } from '../names.ts';
import {
  AUTH_MODES,
  DENIALS,
  ENFORCE_ON,
  Labels,
  POLICY_DECISIONS,
  POLICY_MODES,
  ROLLOUT_PHASES,
  ROLLOUT_STRATEGIES,
  SecretKeyRef,
} from './common.ts';
import { SideEffect, TeamId, TrustLevel } from './common.ts';
import { Limits } from './limits.ts';
import { Condition, NamespaceName, resourceSchema } from './meta.ts';
import { type CrossFieldRule, checkRules, hasRepeats, isBlank } from './rules.ts';
import { Network } from './network.ts';
import { ClaimPaths, Introspection, Scopes, SideEffectScopes } from './oauth.ts';
import { Source } from './source.ts';
import { UpstreamAuth } from './upstream-auth.ts';

const Port = z.int().min(1).max(65535);
const Quantity = z.string().regex(/^([0-9]+(\.[0-9]*)?|\.[0-9]+)(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$/, {
  error: 'must be a quantity such as `250m` or `64Mi`',
});
const IntOrPercent = z.union([
  z.int().min(0),
  z.string().regex(/^[0-9]+%?$/, { error: 'must be a whole number or a percentage such as `25%`' }),
]);
const HeaderName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'must be an HTTP header name (RFC 9110 §5.1)' });
const Duration = z
  .string()
  .regex(/^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$/, { error: 'must be a duration such as `1h30m`' });

const ResourceList = z.strictObject({
  cpu: Quantity.optional().meta({ description: 'Cores, such as `250m`.' }),
  memory: Quantity.optional().meta({ description: 'Bytes, such as `64Mi`.' }),
});
const Resources = z
  .strictObject({
    limits: ResourceList.optional().meta({ description: 'Never more than this.' }),
    requests: ResourceList.optional().meta({ description: 'At least this, set aside.' }),
  })
  .meta({ description: 'Compute of the container.' });

const VariableName = z.string().min(1).meta({ description: 'Name of the variable.' });
const EnvVar = z.strictObject({ name: VariableName, value: z.string().meta({ description: 'Its value.' }) });
const SecretEnvVar = z.strictObject({
  name: VariableName,
  secretKeyRef: SecretKeyRef.meta({
    description: 'Key of a Secret, in the namespace of the server, that holds its value.',
  }),
});

export const ToolConfig = z.strictObject({
  name: z.string().min(1).max(256).meta({ description: 'Name as the server offers it, compared exactly.' }),
  description: z.string().optional().meta({ description: 'What it does, for people.' }),
  requiredTrust: TrustLevel.default('low').meta({ description: 'Trust that a caller needs.' }),
  sideEffect: SideEffect.meta({ description: 'What a call may do. A tool without one can never be called.' }),
  riskLevel: TrustLevel.optional().meta({
    description: 'Shown and recorded; derived from side effect and trust when absent.',
  }),
  labels: Labels.optional().meta({ description: 'For people and queries.' }),
  requiredScopes: Scopes.optional().meta({
    description: 'OAuth scopes that calls need beside those of the side effect.',
  }),
  inputSchema: z.record(z.string(), z.unknown()).optional().meta({
    description:
      'JSON Schema of its arguments: conditions of grants are held against it. What the running server tells when absent.',
  }),
  limits: Limits.optional().meta({ description: 'Of calls of this tool, for each caller.' }),
});

const InventoryItem = z.strictObject({
  name: z.string().min(1).meta({ description: 'Name as the server offers it.' }),
  description: z.string().optional().meta({ description: 'What it is, for people.' }),
  labels: Labels.optional().meta({ description: 'For people and queries.' }),
});

const Auth = z.strictObject({
  mode: z.enum(AUTH_MODES).default('header').meta({
    description:
      'Where the identity of a caller comes from. A session token of the runtime is accepted in every mode but `oauth` and `mtls`.',
  }),
  humanIDHeader: HeaderName.default(HEADERS.humanId).meta({
    description: 'Header that names the human, in mode `header`.',
  }),
  agentIDHeader: HeaderName.default(HEADERS.agentId).meta({
    description: 'Header that names the agent, in mode `header`.',
  }),
  teamIDHeader: HeaderName.default(HEADERS.teamId).meta({
    description: 'Header that names the team, in mode `header`.',
  }),
  sessionIDHeader: HeaderName.default(HEADERS.agentSession).meta({
    description: 'Header that names the MCPAgentSession.',
  }),
  tokenHeader: HeaderName.default(HEADERS.authorization).meta({ description: 'Header that carries the bearer token.' }),
  issuerURL: z.string().optional().meta({ description: 'OIDC issuer; needed by `oauth`.' }),
  audience: z.string().optional().meta({ description: 'Audience that a token must carry.' }),
  requiredScopes: Scopes.optional().meta({ description: 'OAuth scopes that every request needs.' }),
  sideEffectScopes: SideEffectScopes.optional(),
  claims: ClaimPaths.optional(),
  introspection: Introspection.optional(),
  trustDomain: z.string().optional().meta({ description: 'SPIFFE trust domain; needed by `mtls`.' }),
});

const Policy = z.strictObject({
  mode: z
    .enum(POLICY_MODES)
    .default('allow-list')
    .meta({ description: '`observe` records decisions and lets every call through.' }),
  defaultDecision: z
    .enum(POLICY_DECISIONS)
    .default('deny')
    .meta({ description: 'When no grant matches or none names the tool.' }),
  enforceOn: z.enum(ENFORCE_ON).default('call_tool').meta({
    description:
      '`call_tool`: tool calls, and tool lists are filtered. `all`: every method, prompts and resources too, unknown methods are denied.',
  }),
  policyVersion: z.string().default('v1').meta({ description: 'Label put on decisions.' }),
  denials: z.enum(DENIALS).optional().meta({
    description:
      'How a denial is said. `conceal`, also when absent: a denied tool, prompt or resource is answered like one that does not exist. `explain`: with the exact reason. `http`: with the reason and its HTTP status.',
  }),
});

const Session = z.strictObject({
  required: z.boolean().default(false).meta({ description: 'Calls need a live MCPAgentSession.' }),
  store: z
    .string()
    .default('kubernetes')
    .meta({ description: 'Taken for existing manifests, and not read: sessions are MCPAgentSessions.' }),
  headerName: HeaderName.default(HEADERS.agentSession).meta({ description: 'Header that names the MCPAgentSession.' }),
  maxLifetime: Duration.default('24h').meta({ description: 'Longest life of a session token.' }),
  idleTimeout: Duration.default('1h').meta({ description: 'Passed on to gateways in the policy document.' }),
  upstreamTokenHeader: HeaderName.default(HEADERS.authorization).meta({
    description: 'Header in which the token of a session goes to the server.',
  }),
});

const Gateway = z.strictObject({
  enabled: z.boolean().default(false).meta({
    description: 'Asked for by mode `mtls` and by `analytics`. Every server is governed, whatever this says.',
  }),
  image: z
    .string()
    .optional()
    .meta({ description: 'Taken for existing manifests, and not read: the image of the installation serves.' }),
  port: Port.optional().meta({ description: '8091 when enabled.' }),
  upstreamURL: z
    .string()
    .optional()
    .meta({ description: 'Taken for existing manifests, and not read: the gateway knows where the server is.' }),
  stripPrefix: z
    .string()
    .optional()
    .meta({ description: 'Taken for existing manifests, and not read: the server is asked at `mcpPath`.' }),
  resources: Resources.optional().meta({ description: 'Compute of a gateway in the pod of the server.' }),
  placement: z.enum(GATEWAY_PLACEMENTS).optional().meta({
    description:
      '`shared`: gateways that serve many servers. `sidecar`: one in each pod of the server. What the installation prefers when absent.',
  }),
});

const Analytics = z.strictObject({
  disabled: z
    .boolean()
    .default(false)
    .meta({ description: 'Taken for existing manifests, and not read: calls are recorded in any case.' }),
  ingestURL: z
    .string()
    .optional()
    .meta({ description: 'Taken for existing manifests, and not read: the installation says where events go.' }),
  source: z
    .string()
    .optional()
    .meta({ description: 'Taken for existing manifests, and not read: the installation says where events come from.' }),
  eventType: z
    .string()
    .optional()
    .meta({ description: 'Taken for existing manifests, and not read: types of events are fixed.' }),
  apiKeySecretRef: SecretKeyRef.optional().meta({
    description: 'Taken for existing manifests, and not read: the installation has the credential.',
  }),
});

const Rollout = z.strictObject({
  strategy: z
    .enum(ROLLOUT_STRATEGIES)
    .default('RollingUpdate')
    .meta({ description: 'How a change of the server is brought about.' }),
  maxUnavailable: IntOrPercent.default('25%').meta({ description: 'Replicas that may be missing meanwhile.' }),
  maxSurge: IntOrPercent.default('25%').meta({ description: 'Replicas that may be there in addition meanwhile.' }),
  canaryReplicas: z
    .int()
    .min(0)
    .optional()
    .meta({ description: 'How many of the replicas are the canary, for strategy `Canary`.' }),
  canary: z
    .strictObject({
      image: z.string().min(1).optional().meta({ description: 'Image of the canary, with tag or digest.' }),
      source: Source.optional().meta({ description: 'Source of the canary. At most one of `image` and `source`.' }),
      weight: z.int().min(0).max(100).optional().meta({
        description: 'Percent of new sessions that go to the canary; its share of the replicas when absent.',
      }),
      promotion: z.enum(['Manual', 'Automatic']).default('Manual').meta({
        description:
          'Who decides about the canary: people, by the annotation `mcpruntime.org/rollout`, or the operator, by what follows.',
      }),
      minRequests: z.int().min(1).max(1_000_000_000).default(100).meta({
        description: 'Requests that the canary answers before it is promoted.',
      }),
      maxErrorRatePercent: z.int().min(0).max(100).default(5).meta({
        description: 'By how many percent of its requests more than the version in use the canary may fail.',
      }),
      minDuration: Duration.default('5m').meta({ description: 'How long the canary is tried before it is promoted.' }),
      onChangedDefinitions: z.enum(['Hold', 'Rollback', 'Allow']).default('Hold').meta({
        description:
          'When a tool of the version in use, or a declared one, is missing in the canary or described in another way: wait for people, roll back, or go on.',
      }),
    })
    .optional()
    .meta({ description: 'Version of the canary for strategy `Canary`; the same as that of the server when absent.' }),
});

const Audit = z.strictObject({
  arguments: z
    .enum(['none', 'redacted'])
    .default('none')
    .meta({ description: 'Whether arguments of calls are kept; if so, redacted.' }),
  strict: z.boolean().default(false).meta({ description: 'Refuse calls that cannot be recorded.' }),
});

const Access = z.strictObject({
  namespaces: z
    .array(NamespaceName)
    .default([])
    .meta({ description: 'Other namespaces whose grants and sessions count for this server.' }),
});

const Bridge = z.strictObject({
  isolation: z.enum(['session', 'shared']).default('session').meta({
    description:
      '`session`: a process for each MCP session. `shared`: one process for all; only for servers without state or secrets of a caller.',
  }),
  maxSessions: z.int().min(1).max(1000).default(32).meta({ description: 'Sessions at once; more are refused.' }),
});

const Sleep = z.strictObject({
  after: Duration.meta({
    description: 'After so long without a call the server is scaled to none; the next call starts it again.',
  }),
});

const ServerFields = z.strictObject({
  teamID: TeamId.optional(),
  description: z.string().optional().meta({ description: 'What the server is for, for people.' }),
  image: z
    .string()
    .optional()
    .meta({ description: 'Container image, with or without tag or digest. Exactly one of `image` and `source`.' }),
  imageTag: z.string().optional().meta({ description: 'Tag for an image without one; `latest` when absent.' }),
  source: Source.optional(),
  transport: z
    .enum(['http', 'stdio'])
    .default('http')
    .meta({ description: 'How the server speaks MCP. `stdio` servers are bridged.' }),
  mcpPath: z.string().regex(/^\//, { error: 'must start with `/`' }).optional().meta({
    description: 'Path at which the server itself answers: `/mcp` for a source, the public path for an image.',
  }),
  bridge: Bridge.optional().meta({ description: 'How a `stdio` server is bridged to HTTP.' }),
  command: z.array(z.string().min(1).max(8192)).min(1).max(256).optional().meta({
    description:
      'Program in the image and its first arguments; the entry point of the image when absent. Needed by an image with transport `stdio`, which the bridge starts.',
  }),
  args: z.array(z.string().max(8192)).max(256).optional().meta({
    description: 'Arguments for an image; those of the image when absent.',
  }),
  writablePaths: z
    .array(
      z
        .string()
        .max(256)
        .regex(/^(\/[A-Za-z0-9._-]+)+$/, { error: 'must be an absolute path of plain names' }),
    )
    .max(16)
    .optional()
    .meta({
      description: 'Folders of an image that the server writes to, beside `/tmp`: everything else is read-only.',
    }),
  registryOverride: z
    .string()
    .optional()
    .meta({ description: 'Registry to pull the image from instead of the one that it names.' }),
  useProvisionedRegistry: z
    .boolean()
    .default(false)
    .meta({ description: "Pull the image from the installation's registry." }),
  imagePullSecrets: z
    .array(z.string())
    .optional()
    .meta({ description: 'Names of Secrets with which the image is pulled.' }),
  replicas: z.int().min(0).default(1).meta({ description: 'Instances of the server; 0 stops it.' }),
  port: Port.default(8088).meta({
    description:
      'Port on which the server listens in its container. On a host a free port is chosen. Given to the server as PORT.',
  }),
  servicePort: Port.default(80).meta({ description: 'Port of the Service.' }),
  ingressPath: z
    .string()
    .optional()
    .meta({ description: 'Path where the server is reached; `publicPathPrefix` takes precedence.' }),
  ingressHost: z
    .string()
    .optional()
    .meta({ description: "Host where the server is reached; the installation's when absent." }),
  publicPathPrefix: z
    .string()
    .optional()
    .meta({ description: 'The server is reached at `/{publicPathPrefix}/mcp`; the name of the server when absent.' }),
  ingressClass: z.string().default('traefik').meta({ description: 'Ingress controller that serves it.' }),
  ingressAnnotations: z.record(z.string(), z.string()).optional().meta({ description: 'Annotations for the Ingress.' }),
  resources: Resources.optional(),
  envVars: z.array(EnvVar).optional().meta({ description: 'Environment of the server.' }),
  secretEnvVars: z
    .array(SecretEnvVar)
    .optional()
    .meta({ description: 'Environment of the server whose values are secret.' }),
  tools: z.array(ToolConfig).max(1000).optional().meta({ description: 'The governed tools.' }),
  prompts: z.array(InventoryItem).optional().meta({ description: 'Prompts that it offers, for people.' }),
  mcpResources: z.array(InventoryItem).optional().meta({ description: 'Resources that it offers, for people.' }),
  tasks: z.array(InventoryItem).optional().meta({ description: 'Tasks that it offers, for people.' }),
  auth: Auth.optional().meta({ description: 'How callers prove who they are.' }),
  policy: Policy.optional().meta({ description: 'How calls are decided.' }),
  session: Session.optional().meta({ description: 'How agent sessions count.' }),
  upstreamAuth: UpstreamAuth.optional(),
  gateway: Gateway.optional().meta({ description: 'The gateway in front of the server.' }),
  analytics: Analytics.optional().meta({
    description: 'Taken for existing manifests, and not read: the installation says where events go.',
  }),
  audit: Audit.optional().meta({ description: 'What is recorded of calls.' }),
  access: Access.optional().meta({ description: 'Whose grants and sessions count.' }),
  limits: Limits.optional().meta({
    description: 'Of all requests, for each caller. Those of tools and grants count beside it.',
  }),
  rollout: Rollout.optional().meta({ description: 'How changes reach the running server.' }),
  network: Network.optional().meta({ description: 'What the server may connect to.' }),
  sleep: Sleep.optional().meta({
    description:
      'When an idle server stops, in a cluster. It runs all the time when absent, with an autoscaler, and as a canary.',
  }),
});

type ServerFields = z.infer<typeof ServerFields>;

const SET_ANALYTICS = ['ingestURL', 'source', 'eventType', 'apiKeySecretRef'] as const;

const OAUTH_ONLY = ['requiredScopes', 'sideEffectScopes', 'claims', 'introspection'] as const;

/** Checks over several fields of `MCPServer.spec`. */
export const SERVER_RULES: readonly CrossFieldRule<ServerFields>[] = [
  {
    id: 'image-or-source',
    path: ['source'],
    cel: "(has(self.image) && self.image.trim() != '') != has(self.source)",
    message: 'exactly one of `image` and `source` is needed',
    holds: (spec) => isBlank(spec.image) === (spec.source !== undefined),
  },
  {
    id: 'port-differs-from-gateway',
    path: ['port'],
    cel: '!has(self.gateway) || !self.gateway.enabled || self.port != (has(self.gateway.port) ? self.gateway.port : 8091)',
    message: 'must differ from `gateway.port` when the gateway is on',
    holds: (spec) => spec.gateway?.enabled !== true || spec.port !== (spec.gateway.port ?? 8091),
  },
  {
    id: 'oauth-needs-issuer',
    path: ['auth', 'issuerURL'],
    cel: "!has(self.auth) || self.auth.mode != 'oauth' || (has(self.auth.issuerURL) && self.auth.issuerURL.trim() != '')",
    message: 'is needed by auth mode `oauth`',
    holds: (spec) => spec.auth?.mode !== 'oauth' || !isBlank(spec.auth.issuerURL),
  },
  {
    id: 'oauth-settings-need-oauth',
    path: ['auth', 'mode'],
    cel: "!has(self.auth) || self.auth.mode == 'oauth' || !(has(self.auth.requiredScopes) || has(self.auth.sideEffectScopes) || has(self.auth.claims) || has(self.auth.introspection))",
    message: 'must be `oauth` for `requiredScopes`, `sideEffectScopes`, `claims` and `introspection`',
    holds: ({ auth }) =>
      auth === undefined || auth.mode === 'oauth' || OAUTH_ONLY.every((name) => auth[name] === undefined),
  },
  {
    id: 'tool-scopes-need-oauth',
    path: ['tools'],
    cel: "!has(self.tools) || (has(self.auth) && self.auth.mode == 'oauth') || self.tools.all(t, !has(t.requiredScopes))",
    message: 'must not have `requiredScopes` unless auth mode is `oauth`',
    holds: ({ auth, tools = [] }) =>
      auth?.mode === 'oauth' || tools.every(({ requiredScopes }) => requiredScopes === undefined),
  },
  {
    id: 'mtls-needs-trust-domain',
    path: ['auth', 'trustDomain'],
    cel: "!has(self.auth) || self.auth.mode != 'mtls' || (has(self.auth.trustDomain) && self.auth.trustDomain.trim() != '')",
    message: 'is needed by auth mode `mtls`',
    holds: (spec) => spec.auth?.mode !== 'mtls' || !isBlank(spec.auth.trustDomain),
  },
  {
    id: 'mtls-needs-gateway',
    path: ['gateway', 'enabled'],
    cel: "!has(self.auth) || self.auth.mode != 'mtls' || (has(self.gateway) && self.gateway.enabled)",
    message: 'must be true for auth mode `mtls`',
    holds: (spec) => spec.auth?.mode !== 'mtls' || spec.gateway?.enabled === true,
  },
  {
    id: 'prefix-has-a-character',
    path: ['publicPathPrefix'],
    cel: "!has(self.publicPathPrefix) || self.publicPathPrefix.trim() == '' || self.publicPathPrefix.matches('[^/]')",
    message: 'must contain a character other than `/`',
    holds: (spec) => isBlank(spec.publicPathPrefix) || /[^/]/.test(spec.publicPathPrefix ?? ''),
  },
  {
    id: 'tool-names-differ',
    path: ['tools'],
    cel: '!has(self.tools) || self.tools.all(t, self.tools.exists_one(u, u.name == t.name))',
    message: 'must not name a tool twice',
    holds: (spec) => !hasRepeats((spec.tools ?? []).map((tool) => tool.name)),
  },
  {
    id: 'canary-needs-fewer-than-all',
    path: ['rollout', 'canaryReplicas'],
    cel: "!has(self.rollout) || self.rollout.strategy != 'Canary' || (has(self.rollout.canaryReplicas) && self.rollout.canaryReplicas > 0 && self.rollout.canaryReplicas < self.replicas)",
    message: 'must be above 0 and below `replicas` for strategy `Canary`',
    holds: ({ rollout, replicas }) =>
      rollout?.strategy !== 'Canary' || ((rollout.canaryReplicas ?? 0) > 0 && (rollout.canaryReplicas ?? 0) < replicas),
  },
  {
    id: 'sleep-needs-shared-gateway',
    path: ['sleep'],
    cel: "!has(self.sleep) || !((has(self.auth) && self.auth.mode == 'mtls') || (has(self.gateway) && has(self.gateway.placement) && self.gateway.placement == 'sidecar'))",
    message: 'needs a gateway that stays: neither auth mode `mtls` nor `gateway.placement: sidecar`',
    holds: ({ sleep, auth, gateway }) =>
      sleep === undefined || (auth?.mode !== 'mtls' && gateway?.placement !== 'sidecar'),
  },
  {
    id: 'one-canary-version',
    path: ['rollout', 'canary'],
    cel: '!has(self.rollout) || !has(self.rollout.canary) || !has(self.rollout.canary.image) || !has(self.rollout.canary.source)',
    message: 'must not have both `image` and `source`',
    holds: ({ rollout }) => rollout?.canary?.image === undefined || rollout.canary.source === undefined,
  },
  {
    id: 'egress-names-host-or-range',
    path: ['network', 'egress'],
    cel: '!has(self.network) || !has(self.network.egress) || self.network.egress.all(e, has(e.host) != has(e.cidr))',
    message: 'must have exactly one of `host` and `cidr` in each item',
    holds: ({ network }) =>
      (network?.egress ?? []).every(({ host, cidr }) => (host === undefined) !== (cidr === undefined)),
  },
  {
    id: 'command-needs-image',
    path: ['command'],
    cel: '!(has(self.command) || has(self.args) || has(self.writablePaths)) || !has(self.source) || has(self.source.image)',
    message: 'must not be set, nor `args` or `writablePaths`, for a source that is no image',
    holds: ({ command, args, writablePaths, source }) =>
      [command, args, writablePaths].every((field) => field === undefined) ||
      source === undefined ||
      source.image !== undefined,
  },
  {
    id: 'analytics-needs-gateway',
    path: ['analytics'],
    cel: '!has(self.analytics) || self.analytics.disabled || (has(self.gateway) && self.gateway.enabled) || !(has(self.analytics.ingestURL) || has(self.analytics.source) || has(self.analytics.eventType) || has(self.analytics.apiKeySecretRef))',
    message: 'must not be set while the gateway is off',
    holds: ({ analytics, gateway }) =>
      analytics === undefined ||
      analytics.disabled ||
      gateway?.enabled === true ||
      SET_ANALYTICS.every((field) => analytics[field] === undefined),
  },
  {
    id: 'one-upstream-credential',
    path: ['upstreamAuth'],
    cel: '!has(self.upstreamAuth) || has(self.upstreamAuth.secretRef) != has(self.upstreamAuth.tokenExchange)',
    message: 'exactly one of `secretRef` and `tokenExchange` is needed',
    holds: ({ upstreamAuth: auth }) =>
      auth === undefined || (auth.secretRef === undefined) !== (auth.tokenExchange === undefined),
  },
  {
    id: 'stdio-has-one-replica',
    path: ['replicas'],
    cel: "self.transport != 'stdio' || self.replicas <= 1",
    message: 'must not exceed 1 for transport `stdio`, whose sessions live in one process',
    holds: (spec) => spec.transport !== 'stdio' || spec.replicas <= 1,
  },
  {
    id: 'remote-has-http-transport',
    path: ['transport'],
    cel: "!has(self.source) || !has(self.source.url) || self.transport == 'http'",
    message: 'must be `http` for a remote `source.url`',
    holds: (spec) => spec.source?.url === undefined || spec.transport === 'http',
  },
];

export const MCPServerSpec = ServerFields.superRefine(checkRules(SERVER_RULES)).meta({
  description: 'What to run, how to reach it, and who may do what on it.',
});

const InventoryTool = z.strictObject({
  name: z.string().meta({ description: 'Name as the server offers it.' }),
  description: z.string().optional().meta({ description: 'As the server describes it.' }),
  declared: z.boolean().meta({ description: 'Whether `spec.tools` names it.' }),
  proposedSideEffect: SideEffect.meta({
    description: "Read from the server's annotations; unknown counts as destructive.",
  }),
  claimedSideEffect: SideEffect.optional().meta({
    description: 'What its annotations say plainly; counts where it is more than what `spec.tools` declares.',
  }),
  arguments: z
    .array(
      z.strictObject({
        path: z.string().meta({ description: 'Where the argument is.' }),
        type: z.string().meta({ description: 'Its JSON type.' }),
      }),
    )
    .max(256)
    .optional()
    .meta({ description: 'Types of its arguments, read from its input schema.' }),
});

const RolloutStatus = z
  .strictObject({
    phase: z.enum(ROLLOUT_PHASES).meta({ description: 'How the trial stands.' }),
    hash: z.string().meta({ description: 'Names the version on trial; for the annotation `mcpruntime.org/rollout`.' }),
    stableHash: z.string().meta({ description: 'Names the version that it is held against.' }),
    source: z.string().meta({ description: 'What is on trial: package and version, or image.' }),
    reason: z.string().meta({ description: 'Why, in a word.' }),
    message: z.string().meta({ description: 'Why, in a sentence.' }),
    since: z.string().meta({ description: 'When it came to this phase: RFC 3339.' }),
    startedAt: z.string().optional().meta({ description: 'When the canary was ready for calls first: RFC 3339.' }),
    observedAt: z.string().meta({ description: 'When the counts were taken: RFC 3339.' }),
    requests: z.int().meta({ description: 'Requests to the canary since it was ready.' }),
    errors: z.int().meta({ description: 'Of those: the ones that failed.' }),
    stableRequests: z.int().meta({ description: 'Requests to the version in use meanwhile.' }),
    stableErrors: z.int().meta({ description: 'Of those: the ones that failed.' }),
  })
  .meta({ description: 'How the trial of `spec.rollout.canary` stands.' });

export const MCPServerStatus = z
  .strictObject({
    observedGeneration: z.int().optional().meta({ description: '`metadata.generation` that this is about.' }),
    phase: z.string().optional().meta({ description: 'For people; derived from the conditions.' }),
    message: z.string().optional().meta({ description: 'The same, in a sentence.' }),
    conditions: z
      .array(Condition)
      .optional()
      .meta({ description: 'What holds and what does not, each with its reason.' }),
    endpoint: z.string().optional().meta({ description: 'The governed URL.' }),
    policyRevision: z.string().optional().meta({ description: 'Revision of the policy that gateways were given.' }),
    protocolVersion: z.string().optional().meta({ description: 'MCP revision that the handshake agreed on.' }),
    serverInfo: z
      .strictObject({
        name: z.string().meta({ description: 'Its name for itself.' }),
        version: z.string().meta({ description: 'Its version.' }),
      })
      .optional()
      .meta({ description: 'What the server says of itself in the handshake.' }),
    source: z
      .string()
      .optional()
      .meta({ description: 'What runs, exactly: package and version, image and digest, or URL.' }),
    tools: z.array(InventoryTool).optional().meta({ description: 'What the running server offers.' }),
    missingTools: z
      .array(z.string())
      .optional()
      .meta({ description: 'Declared, but not offered by the running server.' }),
    restarts: z.int().optional().meta({ description: 'How often it was started again.' }),
    deploymentReady: z.boolean().optional().meta({ description: 'Its instances run.' }),
    serviceReady: z.boolean().optional().meta({ description: 'It has an address in the cluster.' }),
    ingressReady: z.boolean().optional().meta({ description: 'It has an address outside.' }),
    gatewayReady: z.boolean().optional().meta({ description: 'The gateway answers for it.' }),
    policyReady: z.boolean().optional().meta({ description: 'Its policy was rendered.' }),
    canaryReady: z.boolean().optional().meta({ description: 'The canary runs.' }),
    rollout: RolloutStatus.optional(),
  })
  .meta({ description: 'What the operator found.' });

export const MCPServer = resourceSchema('MCPServer', MCPServerSpec, MCPServerStatus);

export type MCPServer = z.infer<typeof MCPServer>;
export type MCPServerSpec = z.infer<typeof MCPServerSpec>;
export type MCPServerStatus = z.infer<typeof MCPServerStatus>;
export type RolloutStatus = z.infer<typeof RolloutStatus>;
export type ToolConfig = z.infer<typeof ToolConfig>;
