import { type JsonObject, isEmptyJson, isJsonObject } from './json.ts';

export type FieldPath = readonly string[];

/** A set of fields, with the `fieldsV1` form of `metadata.managedFields`. Immutable. */
export class FieldSet implements Iterable<FieldPath> {
  readonly #paths: ReadonlyMap<string, FieldPath>;

  constructor(paths: Iterable<FieldPath> = []) {
    this.#paths = new Map([...paths].map((path) => [JSON.stringify(path), path]));
  }

  [Symbol.iterator](): Iterator<FieldPath> {
    return this.#paths.values();
  }

  get size(): number {
    return this.#paths.size;
  }

  has(path: FieldPath): boolean {
    return this.#paths.has(JSON.stringify(path));
  }

  hasAtOrBelow(path: FieldPath): boolean {
    return [...this].some((own) => path.every((name, index) => own[index] === name));
  }

  filter(keep: (path: FieldPath) => boolean): FieldSet {
    return new FieldSet([...this].filter(keep));
  }

  union(other: FieldSet): FieldSet {
    return new FieldSet([...this, ...other]);
  }

  /** Every value that has no fields of its own: scalars, arrays and empty objects. */
  static leavesOf(object: JsonObject): FieldSet {
    return new FieldSet(leaves(object, []));
  }

  toFieldsV1(): JsonObject {
    return fieldsBelow([...this]);
  }

  static fromFieldsV1(fields: JsonObject): FieldSet {
    return new FieldSet(pathsOf(fields, []));
  }
}

/** The value at `path`; undefined when there is none. */
export function valueAt(object: JsonObject, path: FieldPath): unknown {
  let value: unknown = object;
  for (const name of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** `.spec.size`, the form that Kubernetes names a field in. */
export function fieldText(path: FieldPath): string {
  return path.map((name) => (/^[A-Za-z_][\w-]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`)).join('');
}

function leaves(object: JsonObject, above: FieldPath): readonly FieldPath[] {
  return Object.entries(object).flatMap(([name, value]) => {
    const path = [...above, name];
    return isJsonObject(value) && !isEmptyJson(value) ? leaves(value, path) : [path];
  });
}

/** `.` marks an object that is itself in the set while fields below it are too. */
function fieldsBelow(paths: readonly FieldPath[]): JsonObject {
  const names = [...new Set(paths.flatMap((path) => path.slice(0, 1)))].toSorted();
  return Object.fromEntries(
    names.map((name) => {
      const below = paths.filter((path) => path[0] === name).map((path) => path.slice(1));
      const deeper = below.filter((path) => path.length > 0);
      const self = deeper.length > 0 && deeper.length < below.length ? { '.': {} } : {};
      return [`f:${name}`, { ...self, ...fieldsBelow(deeper) }];
    }),
  );
}

function pathsOf(fields: JsonObject, above: FieldPath): readonly FieldPath[] {
  return Object.entries(fields).flatMap(([key, below]) => {
    if (key === '.') return [above];
    if (!key.startsWith('f:') || !isJsonObject(below)) return [];
    const path = [...above, key.slice(2)];
    return isEmptyJson(below) ? [path] : pathsOf(below, path);
  });
}
