import { AppError, BuiltinObjectMeta, ObjectMeta } from '@mcp-runtime/api';
import { type ApplyConfig } from './decide.ts';
import { type JsonObject, frozenJson, isJsonObject, without } from './json.ts';
import { type KubeObject, type ResourceType } from './port.ts';

/** A new object, validated. Its status is dropped: `create` does not write it. */
export function readNew(type: ResourceType<KubeObject>, value: unknown): KubeObject {
  const object = frozenJson(type.parse(isJsonObject(value) ? without(value, 'status') : value));
  rejectOtherKind(type, object);
  return object;
}

/** What a manager applies: only the envelope is validated, since the rest may be a part of an object. */
export function readConfig(type: ResourceType<KubeObject>, value: unknown): ApplyConfig {
  if (!isJsonObject(value)) throw new AppError('invalid_resource', `${type.kind}: must be an object`);
  const { apiVersion, kind, ...rest } = value;
  rejectOtherKind(type, { apiVersion, kind });
  return frozenJson({ ...rest, apiVersion: type.apiVersion, kind: type.kind, metadata: readMetadata(type, value) });
}

function readMetadata(type: ResourceType<KubeObject>, value: JsonObject): ObjectMeta {
  const parsed = (type.namespaced ? ObjectMeta : BuiltinObjectMeta).safeParse(value['metadata']);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => `${['metadata', ...issue.path].join('.')}: ${issue.message}`);
    throw new AppError('invalid_resource', `${type.kind}: ${issues.join('; ')}`);
  }
  if (parsed.data.managedFields !== undefined) {
    throw new AppError('invalid_resource', `${type.kind}: \`metadata.managedFields\` must not be applied`);
  }
  return parsed.data;
}

function rejectOtherKind(type: ResourceType<KubeObject>, found: { apiVersion?: unknown; kind?: unknown }): void {
  if (found.apiVersion === type.apiVersion && found.kind === type.kind) return;
  throw new AppError(
    'invalid_resource',
    `\`apiVersion\` and \`kind\` must be \`${type.apiVersion}\` and \`${type.kind}\``,
  );
}
