import { AppError } from '@mcp-runtime/api';
import { equalJson, without } from '../json.ts';
import {
  type ApplyOptions,
  type DeleteOptions,
  type KubeObject,
  type ResourceType,
  type WriteOptions,
} from '../port.ts';
import { textOf } from '../preconditions.ts';
import { metadataOf } from './reading.ts';

/** Query of a write. */
export function writeQuery({ dryRun, fieldManager }: WriteOptions): Record<string, string> {
  return {
    ...(fieldManager !== undefined && { fieldManager }),
    ...(dryRun !== undefined && { dryRun: 'All' }),
    fieldValidation: 'Ignore',
  };
}

export function applyQuery(options: ApplyOptions): Record<string, string> {
  return { ...writeQuery(options), force: String(options.force !== undefined) };
}

/** DeleteOptions of `meta/v1`: in the background, as the port says. */
export function deleteBody({ uid, resourceVersion, dryRun }: DeleteOptions): object {
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: 'Background',
    ...(dryRun !== undefined && { dryRun: ['All'] }),
    preconditions: { ...(uid !== undefined && { uid }), ...(resourceVersion !== undefined && { resourceVersion }) },
  };
}

/** An object as the server takes it: in memory those without a namespace have an empty one. */
export function toWire(type: ResourceType<KubeObject>, object: { readonly metadata?: unknown }): object {
  return type.namespaced ? object : { ...object, metadata: without(metadataOf(object), 'namespace') };
}

/** The server would take an update that names no version as one of whatever is there. */
export function requireVersion(object: KubeObject): void {
  if (object.metadata.resourceVersion !== undefined) return;
  throw new AppError('invalid_resource', `${textOf(object)}: \`metadata.resourceVersion\` must be set for an update`);
}

export function rejectVersion(object: KubeObject): void {
  if (object.metadata.resourceVersion === undefined) return;
  throw new AppError(
    'invalid_resource',
    `${textOf(object)}: \`metadata.resourceVersion\` must not be set on a new object`,
  );
}

/** A dry run keeps the version, so what it would change shows in the rest. */
export function isUnchanged(before: unknown, after: unknown, dryRun: 'dry-run' | undefined): boolean {
  if (metadataOf(before)['resourceVersion'] !== metadataOf(after)['resourceVersion']) return false;
  return dryRun === undefined || equalJson(before, after);
}

/** Whether an object that the server answered a deletion with is still there. */
export function isHeld(answer: unknown): boolean {
  const { deletionTimestamp, finalizers, deletionGracePeriodSeconds: grace } = metadataOf(answer);
  if (deletionTimestamp === undefined) return false;
  return (Array.isArray(finalizers) && finalizers.length > 0) || (typeof grace === 'number' && grace > 0);
}
