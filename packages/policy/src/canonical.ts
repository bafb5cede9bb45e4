import { type PolicyDocument } from '@mcp-runtime/api';
import { compareBytes } from './values.ts';

type Json = string | number | boolean | readonly Json[] | Labels | { readonly [key: string]: Json | undefined };
/** A map, since an object would put keys that look like numbers first. */
type Labels = ReadonlyMap<string, string>;
type Members = Readonly<Record<string, unknown>>;

/** How a member is written: text and lists are left out when empty, `name` never is. */
type Field = readonly [name: string, kind: 'always' | 'text' | 'flag' | 'count' | 'texts' | 'labels' | Shape];
interface Shape {
  readonly of: 'object' | 'list';
  readonly fields: readonly Field[];
}

const list = (fields: readonly Field[]): Shape => ({ of: 'list', fields });
const object = (fields: readonly Field[]): Shape => ({ of: 'object', fields });
const texts = (...names: readonly string[]): readonly Field[] => names.map((name) => [name, 'text'] as const);
const RULES = list([['name', 'always'], ...texts('decision', 'required_trust', 'condition')]);

const LIMITS = object(
  (['window_seconds', 'calls', 'request_bytes', 'response_bytes', 'concurrency'] as const).map((name) => [
    name,
    'count',
  ]),
);

/** Members in canonical order. `revision` is blank and `generated_at` absent while the revision is computed. */
const DOCUMENT: readonly Field[] = [
  ['schema_version', 'always'],
  ['revision', 'always'],
  ['server', object([['name', 'always'], ['namespace', 'always'], ...texts('team_id', 'cluster')])],
  [
    'auth',
    object([
      ...texts(
        'mode',
        'human_id_header',
        'agent_id_header',
        'team_id_header',
        'session_id_header',
        'token_header',
        'issuer_url',
        'audience',
        'trust_domain',
      ),
      ['required_scopes', 'texts'],
      [
        'side_effect_scopes',
        object([
          ['read', 'texts'],
          ['write', 'texts'],
          ['destructive', 'texts'],
        ]),
      ],
      ['claims', object(texts('human', 'agent', 'team', 'session'))],
      ['introspection', object(texts('url', 'client_id', 'client_secret_ref'))],
    ]),
  ],
  ['policy', object(texts('mode', 'default_decision', 'enforce_on', 'policy_version', 'denials'))],
  [
    'session',
    object([
      ['required', 'flag'],
      ...texts('store', 'header_name', 'max_lifetime', 'idle_timeout', 'upstream_token_header'),
    ]),
  ],
  [
    'tools',
    list([
      ['name', 'always'],
      ...texts('description', 'required_trust', 'side_effect', 'risk_level'),
      ['labels', 'labels'],
      ['required_scopes', 'texts'],
      [
        'arguments',
        list([
          ['path', 'always'],
          ['type', 'always'],
        ]),
      ],
      ['observed_side_effect', 'text'],
      ['limits', LIMITS],
    ]),
  ],
  [
    'grants',
    list([
      ['name', 'always'],
      ...texts('namespace', 'human_id', 'agent_id', 'team_id', 'max_trust'),
      ['allowed_side_effects', 'texts'],
      ['policy_version', 'text'],
      ['disabled', 'flag'],
      ['tool_rules', RULES],
      ...texts('not_before', 'expires_at'),
      ['prompt_rules', RULES],
      ['resource_rules', list([['uri', 'always'], ...texts('decision', 'required_trust')])],
      ['limits', LIMITS],
    ]),
  ],
  [
    'sessions',
    list([
      ['name', 'always'],
      ...texts('namespace', 'human_id', 'agent_id', 'team_id', 'consented_trust'),
      ['revoked', 'flag'],
      ...texts('expires_at', 'policy_version', 'upstream_token_ref'),
    ]),
  ],
  ['limits', LIMITS],
  [
    'upstream_auth',
    object([
      ...texts('header', 'secret_ref', 'token_url', 'client_id', 'client_secret_ref', 'audience', 'resource'),
      ['scopes', 'texts'],
    ]),
  ],
];

/** The bytes that the revision is the digest of, as text. */
export function canonicalText(document: PolicyDocument): string {
  return print(shaped({ ...document, revision: '' }, DOCUMENT));
}

function shaped(value: Members, fields: readonly Field[]): { readonly [key: string]: Json | undefined } {
  const result: Record<string, Json | undefined> = {};
  for (const [name, kind] of fields) {
    const member = memberOf(value[name], kind);
    if (member !== undefined) result[name] = member;
  }
  return result;
}

function memberOf(value: unknown, kind: Field[1]): Json | undefined {
  if (kind === 'always') return text(value);
  if (kind === 'text') return text(value) === '' ? undefined : text(value);
  if (kind === 'flag') return value === true ? true : undefined;
  if (kind === 'count') return typeof value === 'number' ? value : undefined;
  if (kind === 'texts') return isList(value) && value.length > 0 ? value.map((item) => text(item)) : undefined;
  if (kind === 'labels') return isMembers(value) && Object.keys(value).length > 0 ? sortedLabels(value) : undefined;
  if (kind.of === 'list')
    return isList(value) && value.length > 0
      ? value.map((item) => shaped(isMembers(item) ? item : {}, kind.fields))
      : undefined;
  return isMembers(value) ? shaped(value, kind.fields) : undefined;
}

function sortedLabels(labels: Members): Labels {
  const entries = Object.entries(labels).map(([key, value]) => [key, text(value)] as const);
  return new Map(entries.toSorted(([a], [b]) => compareBytes(a, b)));
}

function print(value: Json | undefined): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (isList(value)) return `[${value.map(print).join(',')}]`;
  const entries: readonly (readonly [string, Json | undefined])[] =
    value instanceof Map ? [...value] : Object.entries(value ?? {});
  const members = entries.map(([key, member]) => `${quote(key)}:${print(member)}`);
  return `{${members.join(',')}}`;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '"': '\\"',
  '\\': '\\\\',
};

function quote(value: string): string {
  const escaped = value
    .toWellFormed()
    .replaceAll(
      /["\\<>&\u0000-\u001f\u2028\u2029]/g,
      (c) => SHORT_ESCAPES[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  return `"${escaped}"`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
