import { type Decision, decideDelete } from './decide.ts';
import { frozenJson } from './json.ts';
import { type ObjectTable } from './object-table.ts';
import { type Change } from './storage.ts';
import { type StoredObject } from './stored.ts';

/**
 * One write with all that follows from it. It changes the table at once, so that what follows sees what went
 * before; `undo` puts everything back.
 */
export class Transaction {
  readonly #table: ObjectTable;
  readonly #startVersion: number;
  readonly #now: string;
  readonly #changes: Change[] = [];
  readonly #undo: (() => void)[] = [];

  constructor(table: ObjectTable, version: number, now: string) {
    this.#table = table;
    this.#startVersion = version;
    this.#now = now;
  }

  get changes(): readonly Change[] {
    return this.#changes;
  }

  /** Writes what was decided and collects the garbage that it leaves. Returns the object with its new version. */
  run(decision: Decision): StoredObject {
    const written = this.#write(decision);
    const suspects = decision.outcome === 'removed' ? [...this.#table.dependentsOf(written.metadata.uid)] : [written];
    for (let suspect = suspects.shift(); suspect !== undefined; suspect = suspects.shift()) {
      suspects.push(...this.#collect(suspect.metadata.uid));
    }
    return written;
  }

  undo(): void {
    for (const undo of this.#undo.toReversed()) undo();
  }

  /** Deletes an object whose owners are gone, or forgets those that are; returns who may be garbage next. */
  #collect(uid: string): readonly StoredObject[] {
    const object = this.#table.byUid(uid);
    const owners = object?.metadata.ownerReferences ?? [];
    if (object === undefined || owners.length === 0) return [];
    const { namespace } = object.metadata;
    const present = owners.filter((owner) => this.#table.byUid(owner.uid)?.metadata.namespace === namespace);
    if (present.length === owners.length) return [];
    if (present.length > 0) {
      const metadata = { ...object.metadata, ownerReferences: present };
      this.#write({ outcome: 'written', object: { ...object, metadata } });
      return [];
    }
    const decision = decideDelete(object, {}, this.#now);
    if (decision.outcome === 'unchanged') return [];
    const dependents = this.#table.dependentsOf(uid);
    this.#write(decision);
    return decision.outcome === 'removed' ? dependents : [];
  }

  #write({ outcome, object }: Decision): StoredObject {
    const before = this.#table.byUid(object.metadata.uid);
    const version = this.#startVersion + this.#changes.length + 1;
    const written = frozenJson({ ...object, metadata: { ...object.metadata, resourceVersion: String(version) } });
    if (outcome === 'removed') this.#table.remove(written);
    else this.#table.set(written);
    this.#undo.push(() => {
      if (before === undefined) this.#table.remove(written);
      else this.#table.set(before);
    });
    const type = outcome === 'removed' ? 'deleted' : before === undefined ? 'added' : 'modified';
    this.#changes.push({ version, type, object: written, ...(before && { before }) });
    return written;
  }
}
