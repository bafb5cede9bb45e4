import { type KubeObject, type Selection } from './port.ts';

export function isSelected({ metadata }: KubeObject, { namespace, name, labels = {} }: Selection): boolean {
  if (namespace !== undefined && metadata.namespace !== namespace) return false;
  if (name !== undefined && metadata.name !== name) return false;
  return Object.entries(labels).every(([label, value]) => metadata.labels?.[label] === value);
}

/** The order of lists: by namespace, then name. */
export function byKey(a: KubeObject, b: KubeObject): number {
  const [left, right] = [sortKey(a), sortKey(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** `!` sorts below everything that a name is made of, so namespaces come before names. */
function sortKey({ metadata }: KubeObject): string {
  return `${metadata.namespace}!${metadata.name}`;
}
