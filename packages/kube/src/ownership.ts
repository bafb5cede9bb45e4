import { type ObjectMeta } from '@mcp-runtime/api';
import { FieldSet, type FieldPath, valueAt } from './fields.ts';
import { type JsonObject, equalJson, isJsonObject, without } from './json.ts';

/** Who owns which fields: `metadata.managedFields`, decoded. */
export interface FieldOwner {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  /** Set when the fields are those of the status. */
  readonly subresource: 'status' | undefined;
  readonly fields: FieldSet;
}

type ManagedFields = NonNullable<ObjectMeta['managedFields']>;

export function ownersOf(managedFields: ManagedFields | undefined): readonly FieldOwner[] {
  return (managedFields ?? []).map((entry) => ({
    manager: entry.manager ?? '',
    operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
    subresource: entry.subresource === 'status' ? 'status' : undefined,
    fields: FieldSet.fromFieldsV1(entry.fieldsV1 ?? {}),
  }));
}

/** Encodes the owners that own something. An entry whose fields are those of `before` keeps its time. */
export function managedFieldsOf(
  owners: readonly FieldOwner[],
  before: ManagedFields | undefined,
  stamp: { readonly apiVersion: string; readonly time: string },
): ManagedFields {
  return owners
    .filter((owner) => owner.fields.size > 0)
    .map((owner) => {
      const entry = {
        manager: owner.manager,
        operation: owner.operation,
        apiVersion: stamp.apiVersion,
        fieldsType: 'FieldsV1',
        fieldsV1: owner.fields.toFieldsV1(),
        ...(owner.subresource && { subresource: owner.subresource }),
      };
      const same = (before ?? []).find((kept) => equalJson(without(kept, 'time'), entry));
      return same ?? { ...entry, time: stamp.time };
    })
    .toSorted((a, b) => compare(sortKey(a), sortKey(b)));
}

/** After a write that simply sets fields: what it changed is the writer's, and nobody else's. */
export function ownersAfterUpdate(
  owners: readonly FieldOwner[],
  change: {
    readonly before: JsonObject;
    readonly after: JsonObject;
    readonly manager: string;
    readonly subresource?: 'status';
  },
): readonly FieldOwner[] {
  const { before, after, manager, subresource } = change;
  const changed = FieldSet.leavesOf(after).filter((path) => !equalJson(valueAt(before, path), valueAt(after, path)));
  const isWriter = (owner: FieldOwner): boolean =>
    owner.manager === manager && owner.operation === 'Update' && owner.subresource === subresource;
  const writer: FieldOwner = {
    manager,
    operation: 'Update',
    subresource,
    fields: owners.find(isWriter)?.fields ?? new FieldSet(),
  };
  return [...owners.filter((owner) => !isWriter(owner)), writer].map((owner) => {
    if (owner.subresource !== subresource) return owner;
    const kept = owner.fields.filter((path) => isKept(path, before, after));
    return { ...owner, fields: owner === writer ? kept.union(changed) : kept };
  });
}

function isKept(path: FieldPath, before: JsonObject, after: JsonObject): boolean {
  const [old, now] = [valueAt(before, path), valueAt(after, path)];
  if (now === undefined) return false;
  return (isJsonObject(old) && isJsonObject(now)) || equalJson(old, now);
}

function sortKey(entry: ManagedFields[number]): string {
  return JSON.stringify([entry.manager, entry.operation, entry.subresource ?? '']);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
