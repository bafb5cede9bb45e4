import { type Denials, type PolicyDocument, type SideEffect, type TrustLevel } from '@mcp-runtime/api';
import { type Condition, compileCondition } from './conditions/condition.ts';
import { type End, endOf, parseInstant } from './instant.ts';
import { type PolicyLimits, limitsOf } from './limits.ts';
import { type ScopeRules, scopeRulesOf } from './scopes.ts';
import { type Subject, SubjectIndex } from './subject-index.ts';
import { plainSpelling } from './uri-spelling.ts';
import { type TrustRank, compareBytes, normalWord, riskOf, sideEffectOf, stricterThan, trustRank } from './values.ts';

/** A policy document made ready for decisions: normalised once, indexed, never changed. */
export interface Policy {
  readonly revision: string;
  readonly server: {
    readonly name: string;
    readonly namespace: string;
    readonly cluster: string;
    readonly team: string;
  };
  readonly observes: boolean;
  readonly allowsByDefault: boolean;
  /** Whether every method is governed, or tool calls alone. */
  readonly governs: 'all' | 'call_tool';
  readonly policyVersion: string;
  /** How a denial is said to the caller. */
  readonly denials: Denials;
  readonly sessionRequired: boolean;
  /** Undefined where nothing is limited. */
  readonly limits: PolicyLimits | undefined;
  /** Undefined where OAuth scopes stand for nothing. */
  readonly scopes: ScopeRules | undefined;
  readonly tools: ReadonlyMap<string, Tool>;
  readonly grants: SubjectIndex<Grant>;
  readonly sessions: ReadonlyMap<string, readonly Session[]>;
  /** Where the token for the server is (`secretName/key`), by the `namespace/name` of the session that has one. */
  readonly upstreamTokens: ReadonlyMap<string, string>;
  /** The document, for headers and other settings of a gateway. */
  readonly document: PolicyDocument;
}

export interface Tool {
  readonly requiredTrust: TrustRank;
  readonly sideEffect: SideEffect | '';
  /** More than that by the server's own word: a call needs both. `''` when the server says no more. */
  readonly raisedTo: SideEffect | '';
  readonly risk: TrustLevel | '';
}

export interface Grant {
  readonly name: string;
  readonly namespace: string;
  readonly policyVersion: string;
  readonly maxTrust: TrustRank;
  readonly sideEffects: ReadonlySet<SideEffect>;
  readonly disabled: boolean;
  /** Milliseconds since the epoch; a text that is no instant never begins. */
  readonly begins: number;
  readonly ends: End;
  readonly tools: ReadonlyMap<string, Rule>;
  readonly prompts: ReadonlyMap<string, Rule>;
  readonly resources: readonly ResourceRule[];
  /** A grant without any rule covers every tool, prompt and resource. */
  readonly coversAll: boolean;
  /** What it was compiled from. */
  readonly source: DocumentGrant;
}

export interface Rule {
  readonly denies: boolean;
  readonly requiredTrust: TrustRank;
  /** Undefined for rules that count for every call. */
  readonly condition: Condition | undefined;
}

export interface ResourceRule extends Rule {
  /** What the URI is, or begins with. */
  readonly text: string;
  /** The same in the spelling that stands for all others. */
  readonly plainText: string;
  readonly isPrefix: boolean;
}

export interface Session {
  readonly name: string;
  readonly namespace: string;
  readonly subject: Subject;
  readonly policyVersion: string;
  readonly revoked: boolean;
  readonly ends: End;
  /** Undefined when nothing was consented to, which caps nothing. */
  readonly consentedTrust: TrustRank | undefined;
  /** What it was compiled from. */
  readonly source: DocumentSession;
}

type DocumentGrant = NonNullable<PolicyDocument['grants']>[number];
type DocumentSession = NonNullable<PolicyDocument['sessions']>[number];
type DocumentTool = NonNullable<PolicyDocument['tools']>[number];

/** Costs time in proportion to the document; decisions from the result do not. */
export function compilePolicy(document: PolicyDocument): Policy {
  const { server, policy, session, tools = [] } = document;
  const types = firstByName(tools, (tool) => tool.arguments);
  const mode = normalWord(policy?.mode);
  return {
    revision: document.revision,
    server: {
      name: server.name,
      namespace: server.namespace,
      cluster: server.cluster ?? '',
      team: server.team_id ?? '',
    },
    observes: mode === 'observe',
    allowsByDefault: normalWord(policy?.default_decision) === 'allow',
    governs: normalWord(policy?.enforce_on) === 'all' ? 'all' : 'call_tool',
    policyVersion: policy?.policy_version ?? 'v1',
    denials: denialsOf(policy?.denials),
    sessionRequired: session?.required === true,
    limits: limitsOf(document),
    scopes: scopeRulesOf(document),
    tools: firstByName(tools, toTool),
    grants: new SubjectIndex(sortedGrants(document.grants ?? [], types)),
    sessions: sessionsByName(document.sessions ?? []),
    upstreamTokens: upstreamTokensOf(document.sessions ?? []),
    document,
  };
}

function upstreamTokensOf(sessions: readonly DocumentSession[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { namespace = '', name, upstream_token_ref: ref = '' } of sessions) {
    if (ref !== '') found.set(`${namespace}/${name}`, ref);
  }
  return found;
}

/** Whoever does not say otherwise conceals. */
function denialsOf(text: string | undefined): Denials {
  const word = normalWord(text);
  return word === 'explain' || word === 'http' ? word : 'conceal';
}

function firstByName<T extends { readonly name: string }, R>(
  items: readonly T[],
  to: (item: T) => R,
): ReadonlyMap<string, R> {
  const found = new Map<string, R>();
  for (const item of items) if (!found.has(item.name)) found.set(item.name, to(item));
  return found;
}

function toTool(tool: DocumentTool): Tool {
  const requiredTrust = trustRank(tool.required_trust);
  const sideEffect = sideEffectOf(tool.side_effect);
  const raisedTo = sideEffect === '' ? '' : stricterThan(sideEffect, sideEffectOf(tool.observed_side_effect));
  return { requiredTrust, sideEffect, raisedTo, risk: riskOf(tool.risk_level, raisedTo || sideEffect, requiredTrust) };
}

function sortedGrants(grants: readonly DocumentGrant[], types: ToolTypes): readonly (readonly [Subject, Grant])[] {
  const key = (grant: DocumentGrant): string => `${grant.namespace ?? ''}\0${grant.name}`;
  return grants
    .toSorted((a, b) => compareBytes(key(a), key(b)))
    .map((grant) => [subjectOf(grant), toGrant(grant, types)]);
}

/** Types of the arguments of tools, by name. */
type ToolTypes = ReadonlyMap<string, DocumentTool['arguments']>;

function toGrant(grant: DocumentGrant, types: ToolTypes): Grant {
  const tools = firstByName(grant.tool_rules ?? [], (rule) => toRule(rule, types.get(rule.name)));
  const prompts = firstByName(grant.prompt_rules ?? [], (rule) => toRule(rule));
  const resources = (grant.resource_rules ?? []).map((rule) => {
    const text = rule.uri.replace(/\*$/, '');
    return { ...toRule(rule), text, plainText: plainSpelling(text), isPrefix: rule.uri.endsWith('*') };
  });
  return {
    name: grant.name,
    namespace: grant.namespace ?? '',
    policyVersion: grant.policy_version ?? '',
    maxTrust: trustRank(grant.max_trust),
    sideEffects: new Set((grant.allowed_side_effects ?? []).map(sideEffectOf).filter((effect) => effect !== '')),
    disabled: grant.disabled === true,
    begins: beginOf(grant.not_before),
    ends: endOf(grant.expires_at),
    tools,
    prompts,
    resources,
    coversAll: tools.size === 0 && prompts.size === 0 && resources.length === 0,
    source: grant,
  };
}

interface DocumentRule {
  readonly decision?: string | undefined;
  readonly required_trust?: string | undefined;
  readonly condition?: string | undefined;
}

function toRule(rule: DocumentRule, types?: DocumentTool['arguments']): Rule {
  const { condition = '' } = rule;
  return {
    denies: normalWord(rule.decision) === 'deny',
    requiredTrust: trustRank(rule.required_trust),
    condition: condition === '' ? undefined : compileCondition(condition, types),
  };
}

function beginOf(text: string | undefined): number {
  if (text === undefined || text.trim() === '') return Number.NEGATIVE_INFINITY;
  return parseInstant(text) ?? Number.POSITIVE_INFINITY;
}

function sessionsByName(sessions: readonly DocumentSession[]): ReadonlyMap<string, readonly Session[]> {
  const found = new Map<string, Session[]>();
  for (const session of sessions) {
    const same = found.get(session.name);
    if (same === undefined) found.set(session.name, [toSession(session)]);
    else same.push(toSession(session));
  }
  for (const same of found.values()) same.sort((a, b) => compareBytes(a.namespace, b.namespace));
  return found;
}

function toSession(session: DocumentSession): Session {
  return {
    name: session.name,
    namespace: session.namespace ?? '',
    subject: subjectOf(session),
    policyVersion: session.policy_version ?? '',
    revoked: session.revoked === true,
    ends: endOf(session.expires_at),
    consentedTrust: normalWord(session.consented_trust) === '' ? undefined : trustRank(session.consented_trust),
    source: session,
  };
}

function subjectOf(object: {
  readonly human_id?: string | undefined;
  readonly agent_id?: string | undefined;
  readonly team_id?: string | undefined;
}): Subject {
  return { human: object.human_id ?? '', agent: object.agent_id ?? '', team: object.team_id ?? '' };
}
