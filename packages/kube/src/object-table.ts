import { type ObjectKey, keyText } from '@mcp-runtime/api';
import { type StoredObject, kindKey } from './stored.ts';

/** The objects of a store, by kind and key, by uid, and by the uid of their owners. */
export class ObjectTable {
  readonly #kinds = new Map<string, Map<string, StoredObject>>();
  readonly #byUid = new Map<string, StoredObject>();
  readonly #dependents = new Map<string, Set<string>>();

  get(kind: string, key: ObjectKey): StoredObject | undefined {
    return this.#kinds.get(kind)?.get(keyText(key));
  }

  list(kind: string): readonly StoredObject[] {
    return [...(this.#kinds.get(kind)?.values() ?? [])];
  }

  byUid(uid: string): StoredObject | undefined {
    return this.#byUid.get(uid);
  }

  /** Objects whose `ownerReferences` name the uid. */
  dependentsOf(uid: string): readonly StoredObject[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => this.#byUid.get(dependent) ?? []);
  }

  set(object: StoredObject): void {
    this.remove(object);
    const kind = kindKey(object);
    const objects = this.#kinds.get(kind) ?? new Map<string, StoredObject>();
    this.#kinds.set(kind, objects.set(keyText(object.metadata), object));
    this.#byUid.set(object.metadata.uid, object);
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      this.#dependents.set(uid, (this.#dependents.get(uid) ?? new Set()).add(object.metadata.uid));
    }
  }

  remove(object: StoredObject): void {
    const before = this.#byUid.get(object.metadata.uid);
    if (before === undefined) return;
    this.#kinds.get(kindKey(before))?.delete(keyText(before.metadata));
    this.#byUid.delete(before.metadata.uid);
    for (const { uid } of before.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(uid);
      dependents?.delete(before.metadata.uid);
      if (dependents?.size === 0) this.#dependents.delete(uid);
    }
  }
}
