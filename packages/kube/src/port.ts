import { type AppError, type ObjectKey, type ObjectMeta } from '@mcp-runtime/api';
import { type Running } from '@mcp-runtime/base';

/** An object as the Kubernetes API knows it. One of a kind without namespaces has an empty `metadata.namespace`. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
}

export interface ResourceType<T> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  /**
   * Validates, and fills in the defaults of the schema. Parsing its own result again gives an equal object.
   * @throws AppError `invalid_resource`
   */
  parse(value: unknown): T;
}

export interface ObjectList<T> {
  /** Sorted by namespace, then name. */
  readonly items: readonly T[];
  /** Version of the whole store at the time of the list: where a watch goes on from. */
  readonly resourceVersion: string;
  /** What is in the store and not in `items`; a store that validates what it takes has none. */
  readonly refused?: readonly Refused[];
}

/** An object that its type refuses: somebody wrote it past the rules of this release. */
export interface Refused {
  readonly key: ObjectKey;
  readonly error: AppError;
}

/** Which objects of a kind. */
export interface Selection {
  readonly namespace?: string;
  readonly name?: string;
  /** Only objects that carry all of these labels. */
  readonly labels?: Readonly<Record<string, string>>;
}

export type ListOptions = Selection;

/**
 * For an object that begins or ceases to carry the labels of the watch, `added` or `deleted`. `deleted` may come for an
 * object that never did. A `refused` object counts as gone.
 */
export type WatchEvent<T> =
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly object: T }
  | ({ readonly type: 'refused' } & Refused)
  | { readonly type: 'bookmark'; readonly resourceVersion: string };

export interface WatchOptions<T> extends Selection {
  readonly resourceVersion: string;
  /** Ends the watch; nothing is reported after that. */
  readonly signal: AbortSignal;
  on(event: WatchEvent<T>): void;
  /** The server answers: from now on events come as they happen. In-process stores never say so. */
  onConnected?(): void;
  /** No events come for now. The watch goes on by itself and reports what it misses; `onConnected` tells when. */
  onInterrupted?(error: AppError): void;
  /** The watch has ended and misses events from now on: list again. Called at most once. */
  onError(error: AppError): void;
}

export interface WriteOptions {
  /** Answer as if it were written, and write nothing. */
  readonly dryRun?: 'dry-run';
  /** Recorded in `metadata.managedFields` as the owner of what the write changes; `unknown` unless given. */
  readonly fieldManager?: string;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Take over fields that other managers own with another value. */
  readonly force?: 'force';
}

export interface Applied<T> {
  readonly object: T;
  readonly action: 'created' | 'configured' | 'unchanged';
}

export interface DeleteOptions {
  /** Preconditions: `conflict` when the object has another version or uid. */
  readonly resourceVersion?: string;
  readonly uid?: string;
  readonly dryRun?: 'dry-run';
}

/**
 * Resources with the semantics of the Kubernetes API (API conventions; "Server-Side Apply"; "Garbage Collection").
 *
 * - A write that resolves is durable. One that changes nothing keeps `resourceVersion` and causes no event.
 * - `status` is written by `updateStatus` only, everything else by the other writes only.
 * - `generation` counts changes outside of `metadata` and `status`, and the start of a deletion.
 * - An object whose owners (by uid) are all gone is deleted.
 * - What is returned may be kept: it never changes, and changing it changes nothing here.
 *
 * Every method rejects with AppError: `invalid_resource` for an object that its type refuses.
 */
export interface ResourceClient {
  get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): Promise<T | undefined>;

  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<ObjectList<T>>;

  /**
   * Events after `resourceVersion`, in order. In-process stores call `on` within the write that caused the event,
   * before its promise resolves. `onError` gets `resource_version_expired` when that version is no longer kept, and
   * `internal` when `on` throws.
   */
  watch<T extends KubeObject>(type: ResourceType<T>, options: WatchOptions<T>): void;

  /** Rejects with `already_exists`. */
  create<T extends KubeObject>(type: ResourceType<T>, object: unknown, options?: WriteOptions): Promise<T>;

  /**
   * Replaces all but `status`. `metadata.resourceVersion` is that of the object which was read; rejects with `conflict`
   * when it is another now, `not_found` when there is none.
   */
  update<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>;

  /** Replaces `status` alone; rejects like `update`. */
  updateStatus<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>;

  /**
   * Server-side apply: `object` holds the fields that this manager wants, and no others. A field that it owned and no
   * longer sends is removed. Rejects with `conflict`, naming fields and managers, unless forced. Arrays are atomic.
   */
  apply<T extends KubeObject>(type: ResourceType<T>, object: unknown, options: ApplyOptions): Promise<Applied<T>>;

  /** `deleting` while finalizers hold the object. Rejects with `conflict` when a precondition fails. */
  delete<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options?: DeleteOptions,
  ): Promise<'deleted' | 'deleting' | 'absent'>;
}

/** A client that holds the objects itself. Closing it ends its watches; later calls reject with `service_unavailable`. */
export type ResourceStore = ResourceClient & Running;
