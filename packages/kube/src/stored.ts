import { type ObjectMeta } from '@mcp-runtime/api';
import { type JsonObject, isEmptyJson, without } from './json.ts';
import { type KubeObject } from './port.ts';

/** An object as a store keeps it: validated, plain JSON, deeply frozen. */
export interface StoredObject extends KubeObject {
  readonly metadata: StoredMeta;
}

export type StoredMeta = ObjectMeta & { readonly uid: string; readonly generation: number };

/** A kind within a store. */
export function kindKey(type: { readonly apiVersion: string; readonly kind: string }): string {
  return `${type.apiVersion}/${type.kind}`;
}

/** The metadata that only the store writes (and `name` and `namespace`, which nobody changes). */
const SYSTEM_METADATA = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
] as const;

/** The part of an object that its writers own: no type, no status, no metadata of the store. */
export function contentOf(object: { readonly metadata: JsonObject }): JsonObject {
  const { metadata, ...rest } = object;
  const own = Object.entries(without(metadata, ...SYSTEM_METADATA)).filter(([, value]) => !isEmptyJson(value));
  const content = without(rest, 'apiVersion', 'kind', 'status');
  return own.length === 0 ? content : { metadata: Object.fromEntries(own), ...content };
}

export function systemMetadataOf(metadata: StoredMeta): StoredMeta {
  const kept: Record<string, unknown> = {};
  for (const name of SYSTEM_METADATA) if (Object.hasOwn(metadata, name)) kept[name] = metadata[name];
  const { name, namespace, uid, generation } = metadata;
  return { ...kept, name, namespace, uid, generation };
}

/** What `generation` counts changes of. */
export function specOf(content: JsonObject): JsonObject {
  return without(content, 'metadata');
}
