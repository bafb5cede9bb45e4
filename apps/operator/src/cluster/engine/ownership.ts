import { type ObjectMeta } from '@mcp-runtime/api';
import { isRecord } from '@mcp-runtime/base';

/**
 * Whether `manager` still owns every field that it wants. Whoever changes a field takes it from its owner, so this tells
 * drift without comparing values, which the API server may have written in another way (Kubernetes docs, "Server-Side Apply").
 */
export function ownsAll(wanted: unknown, managedFields: ObjectMeta['managedFields'], manager: string): boolean {
  const owned = (managedFields ?? []).flatMap((entry) =>
    entry.manager === manager && entry.subresource === undefined && entry.fieldsV1 !== undefined
      ? [entry.fieldsV1]
      : [],
  );
  return owns(wanted, owned);
}

type Fields = Readonly<Record<string, unknown>>;

/** `owned` are the nodes of `fieldsV1` for this value: `f:` for fields, `k:` for items by key, `v:` for items by value. */
function owns(wanted: unknown, owned: readonly Fields[]): boolean {
  if (isRecord(wanted) && Object.keys(wanted).length > 0) {
    // An object that is owned as a whole has no fields of its own in the set.
    if (owned.some(isLeaf)) return true;
    return Object.entries(wanted).every(([name, value]) => {
      const below = childrenOf(owned, `f:${name}`);
      return below.length > 0 && owns(value, below);
    });
  }
  if (Array.isArray(wanted) && wanted.length > 0 && !owned.some(isLeaf))
    return wanted.every((item) => ownsItem(item, owned));
  return owned.length > 0;
}

function ownsItem(item: unknown, owned: readonly Fields[]): boolean {
  if (!isRecord(item)) return childrenOf(owned, `v:${JSON.stringify(item)}`).length > 0;
  const below = owned.flatMap((node) =>
    Object.entries(node).flatMap(([name, child]) => (isRecord(child) && isKeyOf(name, item) ? [child] : [])),
  );
  return below.length > 0 && owns(item, below);
}

/** Whether `k:{…}` names the item. A part of the key that the item leaves out has a default of the schema. */
function isKeyOf(name: string, item: Fields): boolean {
  if (!name.startsWith('k:')) return false;
  const key: unknown = JSON.parse(name.slice(2));
  return (
    isRecord(key) && Object.entries(key).every(([field, value]) => item[field] === undefined || item[field] === value)
  );
}

function childrenOf(nodes: readonly Fields[], name: string): readonly Fields[] {
  return nodes.flatMap((node) => {
    const child = node[name];
    return isRecord(child) ? [child] : [];
  });
}

/** Of an atomic value there are no parts. (`.` would say that the thing itself is owned, and none of its fields.) */
function isLeaf(node: Fields): boolean {
  return Object.keys(node).length === 0;
}
