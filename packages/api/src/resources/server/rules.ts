import { type CrossFieldRule, hasRepeats, isBlank } from '../rules.ts';
import { type ServerFields } from './fields.ts';

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
