import { createHash } from 'node:crypto';
import { ANNOTATIONS, type ObjectKey, keyText } from '@mcp-runtime/api';

/** Longest RFC 1123 label, which is also the longest value of a Kubernetes label. */
const MAX_LABEL = 63;
const HASH_CHARACTERS = 8;

/** What Kubernetes takes as the name of a Service (RFC 1035 label). */
const LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

/**
 * Name of a server's objects, and value of the label that names it: its own with the suffix, where that is a label. Otherwise
 * what fits of it and a part of its digest, so that two servers never share one.
 */
export function workloadName(server: string, suffix = ''): string {
  const plain = server + suffix;
  if (plain.length <= MAX_LABEL && LABEL.test(plain)) return plain;
  const label = server.replaceAll(/[^-a-z0-9]/g, '-').replace(/^(?![a-z])/, 's-');
  return shortened(label, server, suffix, MAX_LABEL);
}

/** Annotations that say which server an object is of, where its label cannot. */
export function fullNameAnnotations(server: ObjectKey): Readonly<Record<string, string>> {
  return workloadName(server.name) === server.name ? {} : { [ANNOTATIONS.server]: keyText(server) };
}

/** `text`, which stands for `whole`, with the suffix: cut to `max` characters, with a part of the digest of `whole`. */
export function shortened(text: string, whole: string, suffix: string, max: number): string {
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, HASH_CHARACTERS);
  const room = max - suffix.length - HASH_CHARACTERS - 1;
  return `${text.slice(0, room).replace(/[-.]+$/, '')}-${hash}${suffix}`;
}
