import { AppError, type ObjectKey, asAppError } from '@mcp-runtime/api';
import { type JsonObject, isJsonObject } from '../json.ts';
import { type KubeObject, type Refused, type ResourceType } from '../port.ts';

type Read<T> = { readonly object: T } | { readonly refused: Refused };

/** One object of the server, frozen. @throws AppError `invalid_resource` when its type refuses it */
export function readObject<T extends KubeObject>(type: ResourceType<T>, value: unknown): T {
  if (!isJsonObject(value)) throw new AppError('internal', `${type.kind}: the Kubernetes API answered with no object`);
  return type.parse(deepFreeze(withType(type, value)));
}

/** Like `readObject`, for what comes in numbers: one bad object does not stop the others. */
export function tryReadObject<T extends KubeObject>(type: ResourceType<T>, value: unknown): Read<T> {
  try {
    return { object: readObject(type, value) };
  } catch (error) {
    return { refused: { key: keyFrom(value), error: asAppError(error) } };
  }
}

export function versionOf(value: unknown): string | undefined {
  const version = metadataOf(value)['resourceVersion'];
  return typeof version === 'string' && version !== '' ? version : undefined;
}

export function metadataOf(value: unknown): JsonObject {
  const metadata = isJsonObject(value) ? value['metadata'] : undefined;
  return isJsonObject(metadata) ? metadata : {};
}

function keyFrom(value: unknown): ObjectKey {
  const { namespace, name } = metadataOf(value);
  return { namespace: typeof namespace === 'string' ? namespace : '', name: typeof name === 'string' ? name : '' };
}

/** Items of a list say no kind; objects without a namespace say none, and have an empty one in memory. */
function withType(type: ResourceType<KubeObject>, value: JsonObject): JsonObject {
  const metadata = type.namespaced ? value['metadata'] : { ...metadataOf(value), namespace: '' };
  return { ...value, apiVersion: type.apiVersion, kind: type.kind, metadata };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
