import { AppError, type ObjectKey } from '@mcp-runtime/api';
import { mergeApplied } from './apply.ts';
import { valueAt } from './fields.ts';
import { type JsonObject, equalJson, frozenJson, isJsonObject } from './json.ts';
import { type FieldOwner, managedFieldsOf, ownersAfterUpdate, ownersOf } from './ownership.ts';
import { type ApplyOptions, type DeleteOptions, type KubeObject, type WriteOptions } from './port.ts';
import { readBefore, rejectNewFinalizers, rejectOther, textOf } from './preconditions.ts';
import { type StoredMeta, type StoredObject, contentOf, specOf, systemMetadataOf } from './stored.ts';

/** What a write does to the object. `resourceVersion` is not set here: the store numbers what it writes. */
export interface Decision {
  readonly outcome: 'unchanged' | 'written' | 'removed';
  readonly object: StoredObject;
}

/** What the decisions need to know beside the object and the write. */
export interface DecisionContext {
  /** RFC 3339, whole seconds. */
  readonly now: string;
  readonly newUid: () => string;
  /** Validates and fills in defaults. */
  readonly parse: (value: unknown) => KubeObject;
}

type StatusHolder = { readonly status?: unknown };

export function decideCreate(
  current: StoredObject | undefined,
  object: KubeObject,
  options: WriteOptions,
  context: DecisionContext,
): Decision {
  const text = textOf(object);
  if (object.metadata.resourceVersion !== undefined) {
    throw new AppError('invalid_resource', `${text}: \`metadata.resourceVersion\` must not be set on a new object`);
  }
  if (current !== undefined) throw new AppError('already_exists', `${text} already exists`);
  const content = contentOf(object);
  const manager = managerOf(options);
  return born(object, content, ownersAfterUpdate([], { before: {}, after: content, manager }), context);
}

export function decideUpdate(
  current: StoredObject | undefined,
  object: KubeObject,
  options: WriteOptions,
  context: DecisionContext,
): Decision {
  const live = readBefore(current, object);
  const content = contentOf(frozenJson(context.parse({ ...object, status: live.status })));
  const owners = ownersAfterUpdate(ownersOf(live.metadata.managedFields), {
    before: contentOf(live),
    after: content,
    manager: managerOf(options),
  });
  return changed(live, { content, owners, status: live.status }, context);
}

export function decideStatusUpdate(
  current: StoredObject | undefined,
  object: KubeObject,
  options: WriteOptions,
  context: DecisionContext,
): Decision {
  const live = readBefore(current, object);
  const { status } = frozenJson(context.parse({ ...live, status: object.status }));
  const owners = ownersAfterUpdate(ownersOf(live.metadata.managedFields), {
    before: statusOf(live),
    after: statusOf({ status }),
    manager: managerOf(options),
    subresource: 'status',
  });
  return changed(live, { content: contentOf(live), owners, status }, context);
}

/** `config` is what the manager sent: a part of an object, with its name. */
export function decideApply(
  current: StoredObject | undefined,
  config: ApplyConfig,
  options: ApplyOptions,
  context: DecisionContext,
): Decision {
  const { force, fieldManager: manager } = options;
  const { resourceVersion, uid } = config.metadata;
  if (current === undefined) {
    if (resourceVersion !== undefined) throw new AppError('conflict', `${textOf(config)} does not exist any more`);
  } else {
    rejectOther(current, { resourceVersion, uid });
  }
  const merged = mergeApplied({
    live: current === undefined ? {} : contentOf(current),
    owners: ownersOf(current?.metadata.managedFields),
    config: contentOf(config),
    manager,
    force,
  });
  const { apiVersion, kind } = config;
  const metadata = { ...metadataOf(merged.content), ...keyOnly(config.metadata) };
  const parsed = frozenJson(context.parse({ apiVersion, kind, ...merged.content, metadata, status: current?.status }));
  const content = contentOf(parsed);
  const owners = merged.owners.map((owner) =>
    owner.subresource === undefined
      ? { ...owner, fields: owner.fields.filter((path) => valueAt(content, path) !== undefined) }
      : owner,
  );
  if (current === undefined) return born(parsed, content, owners, context);
  return changed(current, { content, owners, status: current.status }, context);
}

export interface ApplyConfig {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: KubeObject['metadata'];
  readonly [field: string]: unknown;
}

export function decideDelete(current: StoredObject, options: DeleteOptions, now: string): Decision {
  rejectOther(current, options);
  const { metadata } = current;
  if ((metadata.finalizers ?? []).length === 0) return { outcome: 'removed', object: current };
  if (metadata.deletionTimestamp !== undefined) return { outcome: 'unchanged', object: current };
  const deleting: StoredMeta = {
    ...metadata,
    generation: metadata.generation + 1,
    deletionTimestamp: now,
    deletionGracePeriodSeconds: 0,
  };
  return { outcome: 'written', object: frozenJson({ ...current, metadata: deleting }) };
}

function born(
  object: KubeObject,
  content: JsonObject,
  owners: readonly FieldOwner[],
  context: DecisionContext,
): Decision {
  const { apiVersion, kind, metadata } = object;
  const stored: StoredMeta = {
    ...metadataOf(content),
    ...keyOnly(metadata),
    uid: context.newUid(),
    generation: 1,
    creationTimestamp: context.now,
    managedFields: managedFieldsOf(owners, undefined, { apiVersion, time: context.now }),
  };
  return { outcome: 'written', object: frozenJson({ apiVersion, kind, ...content, metadata: stored }) };
}

function changed(
  live: StoredObject,
  next: { readonly content: JsonObject; readonly owners: readonly FieldOwner[]; readonly status: unknown },
  context: DecisionContext,
): Decision {
  const { apiVersion, kind } = live;
  const { managedFields, ...system } = systemMetadataOf(live.metadata);
  const isSameSpec = equalJson(specOf(next.content), specOf(contentOf(live)));
  const metadata: StoredMeta = {
    ...metadataOf(next.content),
    ...system,
    uid: live.metadata.uid,
    generation: live.metadata.generation + (isSameSpec ? 0 : 1),
    managedFields: managedFieldsOf(next.owners, managedFields, { apiVersion, time: context.now }),
  };
  rejectNewFinalizers(live, metadata);
  const object: StoredObject = frozenJson({ apiVersion, kind, ...next.content, metadata, status: next.status });
  if (equalJson(object, live)) return { outcome: 'unchanged', object: live };
  const isReleased = metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0;
  return { outcome: isReleased ? 'removed' : 'written', object };
}

function metadataOf(content: JsonObject): JsonObject {
  return isJsonObject(content['metadata']) ? content['metadata'] : {};
}

function keyOnly({ name, namespace }: ObjectKey): ObjectKey {
  return { name, namespace };
}

function statusOf({ status }: StatusHolder): JsonObject {
  return status === undefined ? {} : { status };
}

function managerOf(options: WriteOptions): string {
  return options.fieldManager ?? 'unknown';
}
