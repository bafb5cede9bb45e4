import { createHash } from 'node:crypto';
import { type ObjectKey } from '@mcp-runtime/api';

/** Longest RFC 1123 label, which is also the longest value of a Kubernetes label. */
const MAX_LABEL = 63;
/** Longest RFC 1123 subdomain. */
const MAX_SUBDOMAIN = 253;
const HASH_CHARACTERS = 8;

/** What Kubernetes takes as the name of a Service (RFC 1035 label). */
const LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

/**
 * Name of a server's objects: its own with the suffix, where that is a label. Otherwise what fits of it and a part of its
 * digest, so that two servers never share one.
 */
export function workloadName(server: string, suffix = ''): string {
  const plain = server + suffix;
  if (plain.length <= MAX_LABEL && LABEL.test(plain)) return plain;
  const label = server.replaceAll(/[^-a-z0-9]/g, '-').replace(/^(?![a-z])/, 's-');
  return shortened(label, server, suffix, MAX_LABEL);
}

/** Name of an object that stands for a server outside of the server's namespace: no namespace has a dot. */
export function foreignName({ namespace, name }: ObjectKey): string {
  const plain = `${namespace}.${name}`;
  return plain.length <= MAX_SUBDOMAIN ? plain : shortened(plain, plain, '', MAX_SUBDOMAIN);
}

function shortened(text: string, whole: string, suffix: string, max: number): string {
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, HASH_CHARACTERS);
  const room = max - suffix.length - HASH_CHARACTERS - 1;
  return `${text.slice(0, room).replace(/[-.]+$/, '')}-${hash}${suffix}`;
}
