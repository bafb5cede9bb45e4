import { createHash } from 'node:crypto';
import { type PolicyDocument } from '@mcp-runtime/api';
import { canonicalText } from './canonical.ts';

export const SCHEMA_VERSION = 'v1';

/** `sha256:` and the digest of the canonical bytes; neither `revision` nor `generated_at` counts. */
export function revisionOf(document: PolicyDocument): string {
  return `sha256:${createHash('sha256').update(canonicalText(document), 'utf8').digest('hex')}`;
}

/** The document with schema version, revision and, when given, the instant of its making (RFC 3339). */
export function stamp(document: PolicyDocument, generatedAt?: string): PolicyDocument {
  const { generated_at: _, ...rest } = document;
  const versioned = { ...rest, schema_version: SCHEMA_VERSION };
  const stamped = { ...versioned, revision: revisionOf(versioned) };
  return generatedAt === undefined || generatedAt === '' ? stamped : { ...stamped, generated_at: generatedAt };
}
