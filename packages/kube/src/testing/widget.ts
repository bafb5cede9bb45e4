import { AppError, ObjectMeta } from '@mcp-runtime/api';
import { type JsonObject, isJsonObject } from '../json.ts';
import { type KubeObject, type ResourceType } from '../port.ts';

/** A kind with the few things that the semantics are about: a default, an array, free fields, a status. */
export interface Widget extends KubeObject {
  readonly spec: {
    readonly size: number;
    readonly color: string;
    readonly tags?: readonly string[];
    readonly options?: Readonly<Record<string, unknown>>;
    readonly part?: { readonly name: string; readonly count: number };
  };
  readonly status?: { readonly phase?: string };
}

export const WIDGETS: ResourceType<Widget> = {
  apiVersion: 'testing.mcpruntime.org/v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
  parse: parseWidget,
};

interface WidgetFields {
  readonly namespace?: string;
  readonly labels?: Record<string, string>;
  readonly finalizers?: string[];
  readonly owner?: Widget;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: unknown;
}

/** A widget as somebody writes it. */
export function aWidget(name: string, fields: WidgetFields = {}): Record<string, unknown> & { metadata: ObjectMeta } {
  const { namespace = 'widgets', labels, finalizers, owner, spec = { size: 1 }, status } = fields;
  const metadata: ObjectMeta = {
    name,
    namespace,
    ...(labels && { labels }),
    ...(finalizers && { finalizers }),
    ...(owner && { ownerReferences: [ownerReference(owner)] }),
  };
  return {
    apiVersion: WIDGETS.apiVersion,
    kind: WIDGETS.kind,
    metadata,
    spec,
    ...(status !== undefined && { status }),
  };
}

function ownerReference(owner: Widget): NonNullable<ObjectMeta['ownerReferences']>[number] {
  const { apiVersion, kind, metadata } = owner;
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' };
}

function parseWidget(value: unknown): Widget {
  if (!isJsonObject(value)) throw invalid('must be an object');
  const { apiVersion, kind, spec, status } = value;
  const metadata = ObjectMeta.safeParse(value['metadata']);
  if (!metadata.success) throw invalid(metadata.error.message);
  if (!isJsonObject(spec) || typeof spec['size'] !== 'number') throw invalid('spec.size: must be a number');
  const { size, color = 'red', tags, options, part } = spec;
  if (typeof color !== 'string') throw invalid('spec.color: must be a string');
  return {
    apiVersion: String(apiVersion),
    kind: String(kind),
    metadata: metadata.data,
    spec: {
      size,
      color,
      ...(Array.isArray(tags) && { tags: tags.map(String) }),
      ...(isJsonObject(options) && { options }),
      ...(isJsonObject(part) && { part: parsePart(part) }),
    },
    ...(isJsonObject(status) && { status: typeof status['phase'] === 'string' ? { phase: status['phase'] } : {} }),
  };
}

function parsePart({ name, count = 1 }: JsonObject): NonNullable<Widget['spec']['part']> {
  if (typeof name !== 'string' || typeof count !== 'number') throw invalid('spec.part: must have a name');
  return { name, count };
}

function invalid(what: string): AppError {
  return new AppError('invalid_resource', `Widget: ${what}`);
}
