import { PolicyDocument } from '@mcp-runtime/api';
import { faultOf } from './validate.ts';

const MAX_LENGTH = 32 * 1024 * 1024;
const MAX_DEPTH = 16;

const { server } = PolicyDocument.shape;
/** A document need not name a namespace; the revision is computed as if it were blank. */
const LooseDocument = PolicyDocument.extend({
  server: server.extend({ namespace: server.shape.namespace.default('') }),
});

export type ParsedPolicy =
  | { readonly ok: true; readonly document: PolicyDocument }
  | { readonly ok: false; readonly message: string };

/**
 * Reads a policy document and validates it. Member names are matched without regard to case and unknown
 * ones are dropped; a member that is there twice, in whatever case, is refused.
 */
export function parsePolicy(text: string): ParsedPolicy {
  if (text.length > MAX_LENGTH) return refuse(`is longer than ${MAX_LENGTH} characters`);
  const read = readJson(text);
  if (!read.ok) return read;
  const shape = LooseDocument.safeParse(read.value);
  if (!shape.success)
    return refuse(shape.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
  const fault = faultOf(shape.data);
  return fault === undefined ? { ok: true, document: shape.data } : refuse(fault);
}

function refuse(message: string): { ok: false; message: string } {
  return { ok: false, message: `policy: ${message}` };
}

function readJson(text: string): { ok: true; value: unknown } | { ok: false; message: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse('is not a JSON object');
  const walked = fold(value, 0);
  if (typeof walked === 'string') return refuse(walked);
  // JSON.parse keeps the last of two equal members: fewer members than colons means that one went missing.
  if (walked.members !== countColons(text)) return refuse('a member is there twice');
  return { ok: true, value: walked.value };
}

interface Folded {
  readonly value: unknown;
  readonly members: number;
}

/** The value with lower-case member names where that loses nothing, and how many members it has. */
function fold(value: unknown, depth: number): Folded | string {
  if (depth > MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH}`;
  if (Array.isArray(value)) return foldList(value, depth);
  if (typeof value !== 'object' || value === null) return { value, members: 0 };
  const result: Record<string, unknown> = Object.create(null);
  let members = 0;
  for (const [name, member] of Object.entries(value)) {
    const folded = name.toLowerCase();
    if (Object.hasOwn(result, folded)) return `member \`${name}\` is there twice in different cases`;
    // Labels are the document's only free-form map: their keys mean what they say.
    const inner =
      folded === 'labels'
        ? keepLabels(member, depth + 1)
        : member === null
          ? { value: undefined, members: 0 }
          : fold(member, depth + 1);
    if (typeof inner === 'string') return inner;
    if (inner.value !== undefined) result[folded] = inner.value;
    members += 1 + inner.members;
  }
  return { value: { ...result }, members };
}

function foldList(items: readonly unknown[], depth: number): Folded | string {
  const values: unknown[] = [];
  let members = 0;
  for (const item of items) {
    const folded = fold(item, depth + 1);
    if (typeof folded === 'string') return folded;
    values.push(folded.value);
    members += folded.members;
  }
  return { value: values, members };
}

function keepLabels(value: unknown, depth: number): Folded | string {
  if (depth > MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH}`;
  if (typeof value !== 'object' || value === null) return { value: value ?? undefined, members: 0 };
  let members = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const member of Object.values(value)) {
    const kept = keepLabels(member, depth + 1);
    if (typeof kept === 'string') return kept;
    members += kept.members;
  }
  return { value, members };
}

/** Colons outside strings: one for each member that the text writes. */
function countColons(text: string): number {
  let colons = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (inString && unit === BACKSLASH) at += 1;
    else if (unit === QUOTE) inString = !inString;
    else if (unit === COLON && !inString) colons += 1;
  }
  return colons;
}

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
