import { HEADERS, type PolicyDocument, SCOPE_TOKEN, isCredentialHeader } from '@mcp-runtime/api';
import { TYPE_NAMES, type TypeLine } from './conditions/argument-types.ts';
import { compileCondition } from './conditions/condition.ts';
import { POLICY_VOCABULARY } from './vocabulary.ts';
import { SCHEMA_VERSION, revisionOf } from './revision.ts';
import { normalWord } from './values.ts';

/** What is wrong with a document, or undefined. Checks run in a fixed order and stop at the first fault. */
export function faultOf(document: PolicyDocument): string | undefined {
  for (const check of CHECKS) {
    const fault = check(document);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

type Check = (document: PolicyDocument) => string | undefined;

const CHECKS: readonly Check[] = [
  (document) =>
    document.schema_version === SCHEMA_VERSION
      ? undefined
      : `schema_version: found \`${document.schema_version}\`, allowed: ${SCHEMA_VERSION}`,
  (document) => (isBlank(document.revision) ? 'revision: is missing' : undefined),
  revisionMatches,
  (document) => (isBlank(document.server.name) ? 'server.name: is missing' : undefined),
  authIsComplete,
  scopesAreValid,
  (document) => word('policy.mode', document.policy?.mode, POLICY_VOCABULARY.modes),
  (document) => word('policy.default_decision', document.policy?.default_decision, POLICY_VOCABULARY.decisions),
  (document) => word('policy.denials', document.policy?.denials, POLICY_VOCABULARY.denials),
  toolsAreValid,
  grantsAreValid,
  sessionsAreValid,
  upstreamAuthIsComplete,
];

function revisionMatches(document: PolicyDocument): string | undefined {
  const computed = revisionOf(document);
  return computed === document.revision
    ? undefined
    : `revision: found \`${document.revision}\`, the content has \`${computed}\``;
}

function authIsComplete({ auth }: PolicyDocument): string | undefined {
  const fault = word('auth.mode', auth?.mode, POLICY_VOCABULARY.authModes);
  if (fault !== undefined) return fault;
  const mode = normalWord(auth?.mode);
  if (auth?.introspection !== undefined && !/^[^/]+\/[^/]+$/.test(auth.introspection.client_secret_ref))
    return 'auth.introspection.client_secret_ref: must be `secretName/key`';
  if (mode === 'oauth' && isBlank(auth?.issuer_url)) return 'auth.issuer_url: is needed by mode oauth';
  if (mode !== 'oauth' && OAUTH_ONLY.some((member) => auth?.[member] !== undefined))
    return `auth.mode: found \`${mode}\`, must be oauth for ${OAUTH_ONLY.join(', ')}`;
  if (mode === 'mtls' && isBlank(auth?.trust_domain)) return 'auth.trust_domain: is needed by mode mtls';
  return undefined;
}

const SECRET_REF = /^[^/]+\/[^/]+$/;

function upstreamAuthIsComplete({ upstream_auth: auth }: PolicyDocument): string | undefined {
  if (auth === undefined) return undefined;
  const { header = HEADERS.authorization, secret_ref, token_url, client_id, client_secret_ref } = auth;
  if (!isCredentialHeader(header)) return `upstream_auth.header: \`${header}\` may not carry a credential`;
  if (isBlank(secret_ref) === isBlank(token_url)) {
    return 'upstream_auth: exactly one of secret_ref and token_url is needed';
  }
  if (!isBlank(secret_ref)) {
    return SECRET_REF.test(secret_ref ?? '') ? undefined : 'upstream_auth.secret_ref: must be `secretName/key`';
  }
  if (!URL.canParse(token_url ?? '')) return `upstream_auth.token_url: \`${token_url}\` is not a URL`;
  if (isBlank(client_id)) return 'upstream_auth.client_id: is needed by token_url';
  return SECRET_REF.test(client_secret_ref ?? '')
    ? undefined
    : 'upstream_auth.client_secret_ref: must be `secretName/key`';
}

const OAUTH_ONLY = ['required_scopes', 'side_effect_scopes', 'claims', 'introspection'] as const;

/** Scopes stand in challenges as they are. */
function scopesAreValid({ auth, tools = [] }: PolicyDocument): string | undefined {
  const { read = [], write = [], destructive = [] } = auth?.side_effect_scopes ?? {};
  const ofTools = tools.flatMap(({ required_scopes: scopes = [] }) => scopes);
  const all = [...(auth?.required_scopes ?? []), ...read, ...write, ...destructive, ...ofTools];
  const bad = all.find((scope) => !SCOPE_TOKEN.test(scope));
  return bad === undefined ? undefined : `scopes: found \`${bad}\`, must be OAuth scopes (RFC 6749 §3.3)`;
}

function toolsAreValid({ tools = [] }: PolicyDocument): string | undefined {
  const seen = new Set<string>();
  for (const [index, tool] of tools.entries()) {
    const at = `tools[${index}]`;
    const fault =
      nameFault(`${at}.name`, tool.name, tool.name, seen) ??
      word(`${at}.required_trust`, tool.required_trust, POLICY_VOCABULARY.trust) ??
      word(`${at}.side_effect`, tool.side_effect, POLICY_VOCABULARY.sideEffects) ??
      word(`${at}.observed_side_effect`, tool.observed_side_effect, POLICY_VOCABULARY.sideEffects) ??
      argumentsFault(`${at}.arguments`, tool.arguments ?? []);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const MAX_TYPES = 256;

function argumentsFault(at: string, lines: readonly TypeLine[]): string | undefined {
  if (lines.length > MAX_TYPES) return `${at}: found ${lines.length} lines, at most ${MAX_TYPES} are allowed`;
  const seen = new Set<string>();
  for (const [index, { path, type }] of lines.entries()) {
    if (seen.has(path)) return `${at}[${index}].path: \`${path}\` is there twice`;
    seen.add(path);
    const isRoot = index === 0;
    if (isRoot !== (path === '')) return `${at}[${index}].path: the first line is the object itself, with path \`\``;
    const fault = word(`${at}[${index}].type`, type, isRoot ? ['object'] : TYPE_NAMES);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function grantsAreValid({ grants = [], tools = [] }: PolicyDocument): string | undefined {
  const seen = new Set<string>();
  const types = new Map(tools.map((tool) => [tool.name, tool.arguments]));
  for (const [index, grant] of grants.entries()) {
    const at = `grants[${index}]`;
    const fault =
      nameFault(`${at}.name`, grant.name, keyOf(grant), seen) ??
      word(`${at}.max_trust`, grant.max_trust, POLICY_VOCABULARY.trust) ??
      effectsFault(at, grant.allowed_side_effects ?? []) ??
      rulesFault(`${at}.tool_rules`, grant.tool_rules ?? []) ??
      conditionsFault(`${at}.tool_rules`, grant.tool_rules ?? [], types) ??
      rulesFault(`${at}.prompt_rules`, grant.prompt_rules ?? []) ??
      conditionsFault(`${at}.prompt_rules`, grant.prompt_rules ?? [], new Map()) ??
      rulesFault(
        `${at}.resource_rules`,
        (grant.resource_rules ?? []).map((rule) => ({ ...rule, name: rule.uri })),
        'uri',
      );
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function effectsFault(at: string, effects: readonly string[]): string | undefined {
  const bad = effects.findIndex(
    (effect) => isBlank(effect) || !includes(POLICY_VOCABULARY.sideEffects, normalWord(effect)),
  );
  return bad === -1
    ? undefined
    : wrongWord(`${at}.allowed_side_effects[${bad}]`, effects[bad], POLICY_VOCABULARY.sideEffects);
}

interface NamedRule {
  readonly name: string;
  readonly decision?: string | undefined;
  readonly required_trust?: string | undefined;
}

function rulesFault(at: string, rules: readonly NamedRule[], member: 'name' | 'uri' = 'name'): string | undefined {
  const seen = new Set<string>();
  for (const [index, rule] of rules.entries()) {
    const fault =
      nameFault(`${at}[${index}].${member}`, rule.name, rule.name, seen) ??
      word(`${at}[${index}].decision`, rule.decision, POLICY_VOCABULARY.decisions) ??
      word(`${at}[${index}].required_trust`, rule.required_trust, POLICY_VOCABULARY.trust);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function conditionsFault(
  at: string,
  rules: readonly { readonly name: string; readonly condition?: string | undefined }[],
  types: ReadonlyMap<string, readonly TypeLine[] | undefined>,
): string | undefined {
  for (const [index, { name, condition = '' }] of rules.entries()) {
    const fault = condition === '' ? undefined : compileCondition(condition, types.get(name)).fault;
    if (fault !== undefined) return `${at}[${index}].condition: \`${condition}\` for \`${name}\`: ${fault}`;
  }
  return undefined;
}

function sessionsAreValid({ sessions = [] }: PolicyDocument): string | undefined {
  const seen = new Set<string>();
  for (const [index, session] of sessions.entries()) {
    const at = `sessions[${index}]`;
    const fault =
      nameFault(`${at}.name`, session.name, keyOf(session), seen) ??
      word(`${at}.consented_trust`, session.consented_trust, POLICY_VOCABULARY.trust);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Same names in different namespaces are different objects; a separator that no name holds keeps them apart. */
function keyOf(object: { readonly name: string; readonly namespace?: string | undefined }): string {
  return `${object.namespace ?? ''}\0${object.name}`;
}

function nameFault(path: string, name: string, key: string, seen: Set<string>): string | undefined {
  if (isBlank(name)) return `${path}: is missing`;
  if (seen.has(key)) return `${path}: \`${name}\` is there twice`;
  seen.add(key);
  return undefined;
}

/** A word of a closed set; blank is allowed. */
function word(path: string, text: string | undefined, allowed: readonly string[]): string | undefined {
  return isBlank(text) || includes(allowed, normalWord(text)) ? undefined : wrongWord(path, text, allowed);
}

function wrongWord(path: string, found: string | undefined, allowed: readonly string[]): string {
  return `${path}: found \`${found ?? ''}\`, allowed: ${allowed.join(', ')}`;
}

function includes(allowed: readonly string[], text: string): boolean {
  return allowed.includes(text);
}

function isBlank(text: string | undefined): boolean {
  return text === undefined || text.trim() === '';
}
