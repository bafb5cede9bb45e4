/** What a certificate of an agent session is made out to (SPIFFE ID specification §2). */
export function sessionSpiffeId(trustDomain: string, namespace: string, name: string): string {
  return `spiffe://${trustDomain}/ns/${namespace}/session/${name}`;
}

const MAX_LENGTH = 2048;
/** Segments hold letters, digits, `.`, `-` and `_`, never encoded; there is no query, fragment, port or user (§2.2). */
const SESSION_ID = /^spiffe:\/\/([a-z0-9._-]+)\/ns\/([A-Za-z0-9._-]+)\/session\/([A-Za-z0-9._-]+)$/i;

/** The session that an id names, if it is one of this trust domain. Scheme and trust domain are compared without case. */
export function parseSessionSpiffeId(
  text: string,
  trustDomain: string,
): { readonly namespace: string; readonly name: string } | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const [, domain, namespace, name] = SESSION_ID.exec(text) ?? [];
  if (domain === undefined || namespace === undefined || name === undefined) return undefined;
  if (domain.toLowerCase() !== trustDomain.trim().toLowerCase()) return undefined;
  // The words between are written in one way.
  return text.slice(text.indexOf(domain) + domain.length) === `/ns/${namespace}/session/${name}`
    ? { namespace, name }
    : undefined;
}
