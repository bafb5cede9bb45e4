import {
  ANONYMOUS,
  type MCPAccessGrant,
  type MCPAgentSession,
  type MCPServer,
  type MCPServerSpec,
  type ObjectKey,
  type PolicyDocument,
  type PolicyDocumentGrant,
  type PolicyDocumentLimits,
  type PolicyDocumentSession,
  type PolicyDocumentUpstreamAuth,
  type SideEffect,
  type Subject,
  type UpstreamAuth,
  type ToolConfig,
  keyOf,
  resolveServer,
} from '@mcp-runtime/api';
import { type TypeLine } from './conditions/argument-types.ts';
import { NO_TYPES, type ToolTypes, renderedRule, toolTypesOf } from './conditions/grant-conditions.ts';
import { SCHEMA_VERSION, stamp } from './revision.ts';
import { compareBytes, stricterThan } from './values.ts';

export interface RenderInput {
  readonly server: MCPServer;
  /** Of all namespaces; those that are about other servers are left out. */
  readonly grants: readonly MCPAccessGrant[];
  readonly sessions: readonly MCPAgentSession[];
  readonly cluster?: string;
  /** RFC 3339. */
  readonly generatedAt?: string;
}

/** A grant or session that names the server from a namespace which the server does not admit. */
export interface Ignored {
  readonly kind: 'MCPAccessGrant' | 'MCPAgentSession';
  readonly key: ObjectKey;
}

export interface Rendered {
  readonly document: PolicyDocument;
  readonly ignored: readonly Ignored[];
}

/** The policy document of a server: sorted, stamped, the same for the same resources in whatever order. */
export function renderPolicy({ server, grants, sessions, cluster, generatedAt }: RenderInput): Rendered {
  const { metadata, spec } = server;
  const { auth, policy, session } = resolveServer(server);
  const about = grants.filter((grant) => isAbout(grant, server)).toSorted(byKey);
  const types = toolTypesOf(server);
  const bound = sessions.filter((item) => isAbout(item, server)).toSorted(byKey);
  const document: PolicyDocument = {
    schema_version: SCHEMA_VERSION,
    revision: '',
    server: { name: metadata.name, namespace: metadata.namespace, team_id: spec.teamID, cluster },
    auth: {
      mode: auth.mode,
      human_id_header: auth.humanIDHeader,
      agent_id_header: auth.agentIDHeader,
      team_id_header: auth.teamIDHeader,
      session_id_header: auth.sessionIDHeader,
      token_header: auth.tokenHeader,
      issuer_url: auth.issuerURL,
      audience: auth.audience,
      trust_domain: auth.trustDomain,
      required_scopes: auth.requiredScopes,
      side_effect_scopes: auth.sideEffectScopes,
      claims: auth.claims,
      introspection: auth.introspection && introspectionMembers(auth.introspection),
    },
    policy: {
      mode: policy.mode,
      default_decision: policy.defaultDecision,
      enforce_on: policy.enforceOn,
      policy_version: policy.policyVersion,
      denials: policy.denials,
    },
    session: {
      required: session.required,
      store: session.store,
      header_name: session.headerName,
      max_lifetime: session.maxLifetime,
      idle_timeout: session.idleTimeout,
      upstream_token_header: session.upstreamTokenHeader,
    },
    tools: (spec.tools ?? []).map((tool) => ({
      name: tool.name,
      description: tool.description,
      required_trust: tool.requiredTrust,
      side_effect: tool.sideEffect,
      risk_level: tool.riskLevel,
      labels: tool.labels,
      required_scopes: tool.requiredScopes,
      arguments: linesOf(types.get(tool.name)),
      observed_side_effect: raisedSideEffect(tool, server.status?.tools),
      limits: toDocumentLimits(tool.limits),
    })),
    grants: about
      .filter((grant) => isAdmitted(grant, server))
      .map((grant) => toDocumentGrant(grant, spec.teamID, types)),
    sessions: bound.filter((item) => isAdmitted(item, server)).map((item) => toDocumentSession(item, spec.teamID)),
    limits: toDocumentLimits(spec.limits),
    upstream_auth: spec.upstreamAuth && upstreamAuthMembers(spec.upstreamAuth),
  };
  return {
    document: stamp(withoutUndefined(document), generatedAt),
    ignored: [...about, ...bound]
      .filter((item) => !isAdmitted(item, server))
      .map((item) => ({ kind: item.kind, key: keyOf(item) })),
  };
}

type Introspection = NonNullable<ReturnType<typeof resolveServer>['auth']['introspection']>;
type DocumentIntrospection = NonNullable<NonNullable<PolicyDocument['auth']>['introspection']>;

function introspectionMembers({ url, clientID, clientSecretRef }: Introspection): DocumentIntrospection {
  return { url, client_id: clientID, client_secret_ref: `${clientSecretRef.name}/${clientSecretRef.key}` };
}

function upstreamAuthMembers({ header, secretRef, tokenExchange }: UpstreamAuth): PolicyDocumentUpstreamAuth {
  return {
    header,
    secret_ref: secretRef && `${secretRef.name}/${secretRef.key}`,
    token_url: tokenExchange?.tokenURL,
    client_id: tokenExchange?.clientID,
    client_secret_ref: tokenExchange && `${tokenExchange.clientSecretRef.name}/${tokenExchange.clientSecretRef.key}`,
    audience: tokenExchange?.audience,
    resource: tokenExchange?.resource,
    scopes: tokenExchange?.scopes,
  };
}

type AccessObject = MCPAccessGrant | MCPAgentSession;

/** Whether a grant or session names the server. */
export function isAbout(object: AccessObject, server: MCPServer): boolean {
  const { serverRef } = object.spec;
  return (
    serverRef.name === server.metadata.name &&
    (serverRef.namespace ?? object.metadata.namespace) === server.metadata.namespace
  );
}

/** Whether the server's owner lets objects of that namespace count. */
export function isAdmitted(object: AccessObject, server: MCPServer): boolean {
  return resolveServer(server).admittedNamespaces.includes(object.metadata.namespace);
}

function byKey(a: AccessObject, b: AccessObject): number {
  const key = ({ metadata }: AccessObject): string => `${metadata.namespace}\0${metadata.name}`;
  return compareBytes(key(a), key(b));
}

/** Annotations are claims of the server (MCP 2025-11-25, "Tool annotations"): one that says less than its owner counts for nothing. */
function raisedSideEffect(
  { name, sideEffect }: ToolConfig,
  told: NonNullable<MCPServer['status']>['tools'],
): SideEffect | undefined {
  const claimed = told?.find((tool) => tool.name === name)?.claimedSideEffect ?? '';
  return stricterThan(sideEffect, claimed) || undefined;
}

function linesOf(types: readonly TypeLine[] | undefined): TypeLine[] | undefined {
  return types === undefined ? undefined : [...types];
}

function toDocumentGrant(
  { metadata, spec }: MCPAccessGrant,
  serverTeam: string | undefined,
  types: ToolTypes,
): PolicyDocumentGrant {
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    ...subjectMembers(spec.subject, serverTeam),
    max_trust: spec.maxTrust,
    allowed_side_effects: spec.allowedSideEffects,
    policy_version: spec.policyVersion,
    disabled: spec.disabled,
    tool_rules: spec.toolRules?.map((rule) => toDocumentRule(rule, types)),
    not_before: spec.notBefore,
    expires_at: spec.expiresAt,
    prompt_rules: spec.promptRules?.map((rule) => toDocumentRule(rule, NO_TYPES)),
    resource_rules: spec.resourceRules?.map((rule) => ({
      uri: rule.uri,
      decision: rule.decision,
      required_trust: rule.requiredTrust ?? 'low',
    })),
    limits: toDocumentLimits(spec.limits),
  };
}

function toDocumentLimits(limits: MCPServerSpec['limits']): PolicyDocumentLimits | undefined {
  return (
    limits && {
      window_seconds: limits.windowSeconds,
      calls: limits.calls,
      request_bytes: limits.requestBytes,
      response_bytes: limits.responseBytes,
      concurrency: limits.concurrency,
    }
  );
}

type NamedRule = NonNullable<MCPAccessGrant['spec']['toolRules']>[number];

function toDocumentRule(given: NamedRule, types: ToolTypes): NonNullable<PolicyDocumentGrant['tool_rules']>[number] {
  const { name, decision, requiredTrust = 'low', condition } = renderedRule(given, types);
  return { name, decision, required_trust: requiredTrust, condition };
}

function toDocumentSession({ metadata, spec }: MCPAgentSession, serverTeam: string | undefined): PolicyDocumentSession {
  const ref = spec.upstreamTokenSecretRef;
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    ...subjectMembers(spec.subject, serverTeam),
    consented_trust: spec.consentedTrust,
    revoked: spec.revoked,
    expires_at: spec.expiresAt === undefined ? undefined : toUtc(spec.expiresAt),
    policy_version: spec.policyVersion,
    upstream_token_ref: ref && `${ref.name}/${ref.key}`,
  };
}

/** A subject that names somebody belongs to the server's team unless it says another; one that names nobody stays so. */
function subjectMembers(
  subject: Subject,
  serverTeam: string | undefined,
): Pick<PolicyDocumentGrant, 'human_id' | 'agent_id' | 'team_id'> {
  const { humanID = '', agentID = '', teamID = '' } = subject;
  const isSomebody = (humanID !== '' || agentID !== '') && humanID !== ANONYMOUS;
  return { human_id: humanID, agent_id: agentID, team_id: teamID === '' && isSomebody ? (serverTeam ?? '') : teamID };
}

/** As Kubernetes writes instants: UTC, without a fraction. */
function toUtc(instant: string): string {
  return new Date(instant).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** JSON drops absent members; so does what is rendered, so that documents compare equal. */
function withoutUndefined(document: PolicyDocument): PolicyDocument {
  const parsed: PolicyDocument = JSON.parse(
    JSON.stringify(document, (_, value: unknown) => (isEmpty(value) ? undefined : value)),
  );
  return parsed;
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
