import { type AccessPhase, type MCPAccessGrant, type MCPAgentSession, type Subject } from '@mcp-runtime/api';
import { ageText } from '@mcp-runtime/base';
import { renderTable } from '../../frame/print.ts';

type Row = readonly string[];

export function grantRow(grant: MCPAccessGrant, now: number): Row {
  const { metadata, spec } = grant;
  return [
    metadata.name,
    metadata.namespace,
    serverOf(grant),
    subjectText(spec.subject),
    spec.maxTrust,
    (spec.allowedSideEffects ?? []).join(', ') || 'none',
    grantState(grant, now),
    ageText(metadata.creationTimestamp, now),
  ];
}

export function sessionRow(session: MCPAgentSession, now: number): Row {
  const { metadata, spec } = session;
  return [
    metadata.name,
    metadata.namespace,
    serverOf(session),
    subjectText(spec.subject),
    spec.consentedTrust,
    spec.expiresAt ?? 'never',
    sessionState(session, now),
    ageText(metadata.creationTimestamp, now),
  ];
}

export function grantDetails(grant: MCPAccessGrant, now: number): string {
  const { spec } = grant;
  const fields = fieldTable([
    ...commonFields(grant),
    ['max trust', spec.maxTrust],
    ['side effects', (spec.allowedSideEffects ?? []).join(', ') || 'none'],
    ['not before', spec.notBefore ?? ''],
    ['expires', spec.expiresAt ?? ''],
    ['state', grantState(grant, now)],
    ['status', grant.status?.message ?? ''],
  ]);
  const rules = [
    ...(spec.toolRules ?? []).map((rule) => ['tool', rule.name, rule.decision, rule.requiredTrust ?? '']),
    ...(spec.promptRules ?? []).map((rule) => ['prompt', rule.name, rule.decision, rule.requiredTrust ?? '']),
    ...(spec.resourceRules ?? []).map((rule) => ['resource', rule.uri, rule.decision, rule.requiredTrust ?? '']),
  ];
  const columns = ['rule', 'of', 'decision', 'trust'];
  const empty = 'no rules: every tool, prompt and resource with those side effects';
  return `${fields}\n${renderTable({ columns, rows: rules, empty })}`.trimEnd();
}

export function sessionDetails(session: MCPAgentSession, now: number): string {
  const { spec } = session;
  return fieldTable([
    ...commonFields(session),
    ['consented trust', spec.consentedTrust],
    ['expires', spec.expiresAt ?? 'never'],
    ['state', sessionState(session, now)],
    ['status', session.status?.message ?? ''],
  ]).trimEnd();
}

function commonFields({ metadata, spec }: MCPAccessGrant | MCPAgentSession): readonly Row[] {
  return [
    ['name', metadata.name],
    ['namespace', metadata.namespace],
    ['server', serverOf({ metadata, spec })],
    ['human', spec.subject.humanID ?? ''],
    ['agent', spec.subject.agentID ?? ''],
    ['team', spec.subject.teamID ?? ''],
  ];
}

function fieldTable(rows: readonly Row[]): string {
  return renderTable({ columns: ['field', 'value'], rows: rows.filter(([, value]) => value !== '') });
}

/** The server's name, with its namespace where that is another one. */
function serverOf({ metadata, spec }: Pick<MCPAccessGrant | MCPAgentSession, 'metadata' | 'spec'>): string {
  const { name, namespace } = spec.serverRef;
  return namespace === undefined || namespace === metadata.namespace ? name : `${namespace}/${name}`;
}

function subjectText({ humanID, agentID, teamID }: Subject): string {
  const parts = [
    ['human', humanID],
    ['agent', agentID],
    ['team', teamID],
  ].flatMap(([kind = '', id = '']) => (id === '' ? [] : [`${kind}:${id}`]));
  return parts.join(' ') || 'nobody';
}

function grantState(grant: MCPAccessGrant, now: number): string {
  const { spec } = grant;
  if (spec.disabled) return 'disabled';
  if (spec.expiresAt !== undefined && Date.parse(spec.expiresAt) <= now) return 'expired';
  if (spec.notBefore !== undefined && Date.parse(spec.notBefore) > now) return 'not yet';
  return flawOf(grant) ?? 'enabled';
}

function sessionState(session: MCPAgentSession, now: number): string {
  const { spec } = session;
  if (spec.revoked) return 'revoked';
  if (spec.expiresAt !== undefined && Date.parse(spec.expiresAt) <= now) return 'expired';
  return flawOf(session) ?? 'live';
}

/** What only the runtime knows: `ServerNotFound` as `server not found`. A status of another generation says nothing. */
function flawOf({ metadata, status }: MCPAccessGrant | MCPAgentSession): string | undefined {
  const { phase = 'Active', observedGeneration } = status ?? {};
  if (!FLAWS.has(phase) || observedGeneration !== metadata.generation) return undefined;
  return phase.replaceAll(/(?<=.)[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}

const FLAWS: ReadonlySet<string> = new Set([
  'ServerNotFound',
  'NotAdmitted',
  'SubjectMatchesNobody',
  'ConditionFault',
] satisfies AccessPhase[]);
