import { AppError, type ObjectKey, keyText } from '@mcp-runtime/api';
import { type KubeObject } from './port.ts';
import { type StoredMeta, type StoredObject } from './stored.ts';

/** The object that the writer has read and now replaces. */
export function readBefore(current: StoredObject | undefined, object: KubeObject): StoredObject {
  if (current === undefined) throw new AppError('not_found', `${textOf(object)} does not exist`);
  const { resourceVersion, uid } = object.metadata;
  if (resourceVersion === undefined) {
    throw new AppError('invalid_resource', `${textOf(object)}: \`metadata.resourceVersion\` must be set for an update`);
  }
  rejectOther(current, { resourceVersion, uid });
  return current;
}

/** `conflict` unless the object is the one, and of the version, that the writer expects. */
export function rejectOther(
  current: StoredObject,
  expected: { readonly resourceVersion?: string | undefined; readonly uid?: string | undefined },
): void {
  const { resourceVersion, uid } = current.metadata;
  if (expected.uid !== undefined && expected.uid !== uid) {
    throw new AppError('conflict', `${textOf(current)} is another object now, of uid \`${uid}\``);
  }
  if (expected.resourceVersion !== undefined && expected.resourceVersion !== resourceVersion) {
    throw new AppError('conflict', `${textOf(current)} was changed since it was read`, { next: 'read it again' });
  }
}

export function rejectNewFinalizers(live: StoredObject, metadata: StoredMeta): void {
  if (live.metadata.deletionTimestamp === undefined) return;
  const before = live.metadata.finalizers ?? [];
  const added = (metadata.finalizers ?? []).filter((finalizer) => !before.includes(finalizer));
  if (added.length === 0) return;
  throw new AppError('invalid_resource', `${textOf(live)} is being deleted: finalizer \`${added[0]}\` cannot be added`);
}

/** How messages name an object. */
export function textOf(object: { readonly kind: string; readonly metadata: ObjectKey }): string {
  return `${object.kind} \`${keyText(object.metadata)}\``;
}
