import { type StoredObject } from './stored.ts';

/** One numbered change of one object. Versions have no gaps. */
export interface Change {
  readonly version: number;
  readonly type: 'added' | 'modified' | 'deleted';
  /** After the change; for `deleted`, the last state. */
  readonly object: StoredObject;
  /** Before the change, where there was something; not known for changes that were read from a file. */
  readonly before?: StoredObject;
}

/** Where a store keeps its objects. One store uses it at a time. */
export interface Storage {
  load(): { readonly objects: Iterable<StoredObject>; readonly version: number };
  /** All of the changes or, when it throws, none; durable on return. */
  commit(changes: readonly Change[]): void;
  /** Undefined when changes after `version` are no longer kept. */
  changesAfter(version: number): readonly Change[] | undefined;
  close(): void;
}

/** Version of a store that nothing was written to. Not 0: Kubernetes reads that as "any version". */
export const FIRST_VERSION = 1;

/** How many changes are kept for watches that go on from an older version. */
export const KEPT_CHANGES = 10_000;
