import { DEFAULT_NAMESPACE, ObjectMeta, RESOURCE_KINDS, type Resource, isResourceKind } from '@mcp-runtime/api';
import { nearest } from '@mcp-runtime/base/nearest';
import { type FieldFault, faultsOf, fieldOf } from './field-faults.ts';
import { fieldText, quoted, unknownFieldText } from './issue-text.ts';
import { type ResourceNote, type ResourceProblem } from './problem.ts';
import { type FieldPath, MAX_DOCUMENTS, type Position, type YamlDocument, parseYaml } from './yaml-documents.ts';

export interface LoadedResource {
  readonly resource: Resource;
  /** The object as it was written, without defaults: what server-side apply owns. */
  readonly declared: unknown;
  readonly file: string;
  /** Line on which the object starts, from 1. */
  readonly line: number;
}

export interface LoadedFiles {
  readonly resources: readonly LoadedResource[];
  readonly problems: readonly ResourceProblem[];
  readonly notes: readonly ResourceNote[];
}

/** Fields that Kubernetes writes into `metadata` and that say nothing here. */
const OTHER_META_FIELDS = ['selfLink', 'deletionGracePeriodSeconds'];

/**
 * The resources of one file's text. Pure. Every fault is reported; a resource is returned only if it has
 * none. `status` is checked and left out, as `kubectl apply` does.
 */
export function readResources(file: string, text: string): LoadedFiles {
  const parsed = parseYaml(file, text);
  const objects = parsed.documents.flatMap(objectsOf);
  if (objects.length > MAX_DOCUMENTS) {
    const message = `found ${objects.length} objects, at most ${MAX_DOCUMENTS} are read from a file`;
    return { resources: [], problems: [{ file, line: 0, column: 0, message }], notes: [] };
  }
  const read = objects.map((object) => readObject(file, object));
  return {
    resources: read.flatMap((one) => one.resources),
    problems: [...parsed.problems, ...read.flatMap((one) => one.problems)],
    notes: read.flatMap((one) => one.notes),
  };
}

interface RawObject {
  readonly document: YamlDocument;
  /** Where the object stands in its document: `items[3]` of a list, or the document itself. */
  readonly at: FieldPath;
  readonly value: unknown;
}

function objectsOf(document: YamlDocument): readonly RawObject[] {
  const { value } = document;
  if (!isList(value)) return [{ document, at: [], value }];
  return value.items.map((item, index) => ({ document, at: ['items', index], value: item }));
}

function isList(value: unknown): value is { readonly items: readonly unknown[] } {
  const kind = textOf(value, 'kind');
  const kinds = ['List', ...Object.keys(RESOURCE_KINDS).map((name) => `${name}List`)];
  return kind !== undefined && kinds.includes(kind) && Array.isArray(fieldOf(value, 'items'));
}

function readObject(file: string, object: RawObject): LoadedFiles {
  const kind = textOf(object.value, 'kind');
  const apiVersion = textOf(object.value, 'apiVersion');
  if (kind !== undefined && isResourceKind(kind)) return readKnown(file, object, RESOURCE_KINDS[kind]);
  if (kind === 'Namespace' && apiVersion === 'v1') {
    const name = textOf(fieldOf(object.value, 'metadata'), 'name') ?? '';
    const message = `Namespace ${name} skipped: namespaces need no object here`;
    return { resources: [], problems: [], notes: [{ file, ...object.document.positionOf(object.at), message }] };
  }
  return failed(file, placeOfKind(object), foreignText(object.value, kind, apiVersion));
}

function placeOfKind({ document, at, value }: RawObject): Position {
  return fieldOf(value, 'kind') === undefined ? document.positionOf(at) : document.positionOf([...at, 'kind']);
}

function foreignText(value: unknown, kind: string | undefined, apiVersion: string | undefined): string {
  const kinds = Object.keys(RESOURCE_KINDS);
  if (kind === undefined) {
    const hint = fieldOf(value, 'servers') === undefined ? '' : '; this looks like a server file (`.mcp/servers.yaml`)';
    return `\`kind\` is required, allowed: ${kinds.join(', ')}${hint}`;
  }
  const meant = nearest(kind, kinds);
  if (meant !== undefined) return `kind: found ${quoted(kind)}, did you mean "${meant}"?`;
  const origin = apiVersion === undefined ? '' : ` of ${quoted(apiVersion)}`;
  return `kind: found ${quoted(kind)}${origin}, allowed: ${kinds.join(', ')}; keep other objects in another folder`;
}

type KnownKind = (typeof RESOURCE_KINDS)[keyof typeof RESOURCE_KINDS];

function readKnown(file: string, object: RawObject, { kind, schema }: KnownKind): LoadedFiles {
  const label = `${kind} ${keyLabel(object.value)}`;
  const parsed = schema.safeParse(object.value);
  const faults = [
    ...unknownMetaFields(object.value),
    ...(parsed.success ? [] : parsed.error.issues.flatMap((issue) => faultsOf(issue, object.value, schema))),
  ];
  if (parsed.success && faults.length === 0) {
    const { status: _, ...resource } = parsed.data;
    const { line } = object.document.positionOf(object.at);
    return { resources: [{ resource, declared: object.value, file, line }], problems: [], notes: [] };
  }
  const problems = faults.map((fault) => {
    const path = [...object.at, ...fault.path];
    const place = fault.about === 'key' ? object.document.positionOfKey(path) : object.document.positionOf(path);
    const field = fault.path.length === 0 ? '' : ` ${fieldText(fault.path)}`;
    return { file, ...place, message: `${label}${field}: ${fault.text}` };
  });
  return { resources: [], problems, notes: [] };
}

/** The schema of `metadata` is open, since Kubernetes adds to it; a file is written by hand and is not. */
function unknownMetaFields(value: unknown): readonly FieldFault[] {
  const metadata = fieldOf(value, 'metadata');
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return [];
  const known = Object.keys(ObjectMeta.shape);
  return Object.keys(metadata)
    .filter((key) => !known.includes(key) && !OTHER_META_FIELDS.includes(key))
    .map((key) => ({ path: ['metadata', key], about: 'key', text: unknownFieldText(key, known) }));
}

/** `namespace/name` as far as they are given. */
function keyLabel(value: unknown): string {
  const metadata = fieldOf(value, 'metadata');
  return `${textOf(metadata, 'namespace') ?? DEFAULT_NAMESPACE}/${textOf(metadata, 'name') ?? '(no name)'}`;
}

function textOf(value: unknown, field: string): string | undefined {
  const found = fieldOf(value, field);
  return typeof found === 'string' ? found : undefined;
}

function failed(file: string, place: Position, message: string): LoadedFiles {
  return { resources: [], problems: [{ file, ...place, message }], notes: [] };
}
