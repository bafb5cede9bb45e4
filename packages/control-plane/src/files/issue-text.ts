import { type z } from 'zod';
import { nearest } from '@mcp-runtime/base/nearest';
import { type FieldPath } from './yaml-documents.ts';

const MAX_QUOTED = 60;

const TYPE_WORDS: ReadonlyMap<string, string> = new Map([
  ['string', 'text'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['boolean', 'true or false'],
  ['object', 'an object'],
  ['record', 'an object'],
  ['array', 'a list'],
]);

/** `spec.tools[1].sideEffect`. */
export function fieldText(path: FieldPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    if (!/^[\w-]+$/.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

/**
 * What is wrong with a value, in words: what was found, what is allowed. Values are quoted only where the
 * field has a pattern or a set of allowed words, since a field of free text may hold a secret.
 */
export function issueText(issue: z.core.$ZodIssue, found: unknown): string {
  switch (issue.code) {
    case 'invalid_value':
      return enumText(issue.values.map(String), found);
    case 'invalid_type':
      return typeText(issue.expected, found);
    case 'too_small':
      return boundText(issue.origin, `at least ${issue.minimum}`, found);
    case 'too_big':
      return boundText(issue.origin, `at most ${issue.maximum}`, found);
    case 'invalid_format':
      return formatText(issue, found);
    case 'invalid_union':
      return unionText(issue, found);
    default:
      return issue.message;
  }
}

export function unknownFieldText(field: string, known: readonly string[]): string {
  const meant = nearest(field, known);
  if (meant !== undefined) return `unknown field, did you mean \`${meant}\`?`;
  return known.length === 0 ? 'unknown field' : `unknown field, known here: ${known.join(', ')}`;
}

export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
}

function enumText(allowed: readonly string[], found: unknown): string {
  if (found === undefined) return `is required, allowed: ${allowed.join(', ')}`;
  const meant = typeof found === 'string' ? nearest(found, allowed) : undefined;
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
  return `found ${quoted(found)}, allowed: ${allowed.join(', ')}${hint}`;
}

function typeText(expected: string, found: unknown): string {
  if (found === undefined) return `is required (${typeWord(expected)})`;
  const hint = expected === 'string' && isPlainScalar(found) ? ': put it in quotes' : '';
  return `found ${foundWord(found)}, needs ${typeWord(expected)}${hint}`;
}

function isPlainScalar(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean';
}

function typeWord(expected: string): string {
  return TYPE_WORDS.get(expected) ?? expected;
}

function foundWord(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number' && !Number.isInteger(value)) return 'a number with a fraction';
  return typeWord(typeof value);
}

function boundText(origin: string, bound: string, found: unknown): string {
  if (origin === 'string') return `must have ${bound} characters`;
  if (origin === 'array') return `must have ${bound} items`;
  return `found ${quoted(found)}, must be ${bound}`;
}

function formatText(issue: z.core.$ZodIssueInvalidStringFormat, found: unknown): string {
  if (issue.format === 'datetime') return `found ${quoted(found)}, needs an instant such as 2027-01-31T12:00:00Z`;
  // A URL may carry a credential.
  if (issue.format === 'url') return 'needs an absolute http or https URL';
  return `found ${quoted(found)}, ${issue.message}`;
}

/** The alternative that the value comes nearest to: the one whose type it has. */
function unionText(issue: z.core.$ZodIssueInvalidUnion, found: unknown): string {
  const firstIssues = issue.errors.flatMap((issues) => issues.slice(0, 1));
  const fitting = firstIssues.find((inner) => inner.code !== 'invalid_type');
  if (fitting !== undefined) return issueText(fitting, found);
  const expected = firstIssues.flatMap((inner) => (inner.code === 'invalid_type' ? [typeWord(inner.expected)] : []));
  return `found ${foundWord(found)}, needs ${expected.join(' or ')}`;
}
