import { type ObjectKey } from '@mcp-runtime/api';
import { shortened } from '@mcp-runtime/delivery';

export { workloadName } from '@mcp-runtime/delivery';

/** Longest RFC 1123 subdomain. */
const MAX_SUBDOMAIN = 253;

/** Name of an object that stands for a server outside of the server's namespace: no namespace has a dot. */
export function foreignName({ namespace, name }: ObjectKey): string {
  const plain = `${namespace}.${name}`;
  return plain.length <= MAX_SUBDOMAIN ? plain : shortened(plain, plain, '', MAX_SUBDOMAIN);
}
