/** What is known of the type of an argument. `dyn` is anything; lists and maps of it too. */
export type ArgumentType =
  | { readonly kind: 'string' | 'int' | 'double' | 'bool' | 'dyn' }
  | { readonly kind: 'list'; readonly of: ArgumentType }
  | { readonly kind: 'map' }
  | { readonly kind: 'object'; readonly fields: ReadonlyMap<string, ArgumentType> };

export type ObjectType = Extract<ArgumentType, { kind: 'object' }>;

/** One line of the form in which a policy document carries types: a JSON Pointer (RFC 6901) and the name of a type. */
export interface TypeLine {
  readonly path: string;
  readonly type: string;
}

const MAX_LINES = 256;
const MAX_DEPTH = 4;
const SCALARS = ['string', 'int', 'double', 'bool', 'dyn'] as const;
const DYN: ArgumentType = { kind: 'dyn' };

/** Names of types, as lines have them. */
export const TYPE_NAMES: readonly string[] = [...SCALARS, ...SCALARS.map((name) => `list<${name}>`), 'map', 'object'];

type Schema = Readonly<Record<string, unknown>>;

/**
 * The types that a tool's input schema (JSON Schema) gives its arguments, as lines; undefined where it says nothing that a
 * condition could be held against: no properties, or others explicitly allowed beside them.
 */
export function typeLines(inputSchema: Schema): readonly TypeLine[] | undefined {
  const root = typeOf(inputSchema, 0);
  if (root.kind !== 'object') return undefined;
  const lines = linesOf('', root);
  return lines.length > MAX_LINES ? undefined : lines;
}

function typeOf(schema: unknown, depth: number): ArgumentType {
  if (!isMembers(schema)) return DYN;
  const { type, properties, items, additionalProperties } = schema;
  switch (type ?? (isMembers(properties) ? 'object' : undefined)) {
    case 'string':
      return { kind: 'string' };
    case 'integer':
      return { kind: 'int' };
    case 'number':
      return { kind: 'double' };
    case 'boolean':
      return { kind: 'bool' };
    case 'array':
      return { kind: 'list', of: scalarOrDyn(typeOf(items, depth + 1)) };
    case 'object': {
      const isOpen = additionalProperties === true || isMembers(additionalProperties);
      if (!isMembers(properties) || isOpen || depth >= MAX_DEPTH) return { kind: 'map' };
      return { kind: 'object', fields: fieldsOf(properties, depth) };
    }
    default:
      return DYN;
  }
}

function fieldsOf(properties: Schema, depth: number): ReadonlyMap<string, ArgumentType> {
  return new Map(Object.entries(properties).map(([name, schema]) => [name, typeOf(schema, depth + 1)]));
}

function scalarOrDyn(type: ArgumentType): ArgumentType {
  return type.kind === 'list' || type.kind === 'map' || type.kind === 'object' ? DYN : type;
}

function linesOf(path: string, type: ArgumentType): readonly TypeLine[] {
  const line = { path, type: typeName(type) };
  if (type.kind !== 'object') return [line];
  const fields = [...type.fields].map(([name, field]) => linesOf(`${path}/${escaped(name)}`, field));
  return [line, ...fields.flat()];
}

export function typeName(type: ArgumentType): string {
  return type.kind === 'list' ? `list<${typeName(type.of)}>` : type.kind;
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** The object that lines describe; undefined without any. Lines of unknown parents or types count as absent. */
export function typesOf(lines: readonly TypeLine[] | undefined): ObjectType | undefined {
  if (lines === undefined || lines.length === 0) return undefined;
  const root = new Map<string, ArgumentType>();
  const objects = new Map<string, Map<string, ArgumentType>>([['', root]]);
  for (const { path, type } of lines) {
    const split = path.lastIndexOf('/');
    const parent = split === -1 ? undefined : objects.get(path.slice(0, split));
    if (parent === undefined) continue;
    const name = path
      .slice(split + 1)
      .replaceAll('~1', '/')
      .replaceAll('~0', '~');
    const fields = new Map<string, ArgumentType>();
    if (type === 'object') objects.set(path, fields);
    parent.set(name, type === 'object' ? { kind: 'object', fields } : namedType(type));
  }
  return { kind: 'object', fields: root };
}

function namedType(name: string): ArgumentType {
  if (name === 'map') return { kind: 'map' };
  const item = /^list<(.*)>$/.exec(name)?.[1];
  if (item !== undefined) return { kind: 'list', of: scalarNamed(item) };
  return scalarNamed(name);
}

function scalarNamed(name: string): ArgumentType {
  const kind = SCALARS.find((scalar) => scalar === name);
  return kind === undefined ? DYN : { kind };
}

export function isMembers(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
