import { createHash } from 'node:crypto';
import { stringify } from 'yaml';

/**
 * Manifests with places that an installer may set. One source gives plain objects (with the defaults, or with the values of
 * an overlay) and the templates of a chart.
 */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export type JsonMap = Readonly<Record<string, Json>>;

/** A place in a manifest: the path of a value, and what stands there when nobody says otherwise. */
export interface Setting {
  readonly [IS_SETTING]: true;
  readonly path: string;
  readonly fallback: Json;
  readonly description: string;
  /** JSON Schema of what is allowed. */
  readonly schema: JsonMap;
}

/** A file inside a manifest, such as the configuration in a ConfigMap. */
interface YamlText {
  readonly [IS_TEXT]: true;
  readonly content: Node;
}

/** Stands for the digest of a file, so that what names it changes with it. */
interface Digest {
  readonly [IS_DIGEST]: true;
  readonly content: Node;
}

const IS_SETTING = Symbol('setting');
const IS_TEXT = Symbol('text');
const IS_DIGEST = Symbol('digest');

export type Node = Json | Setting | YamlText | Digest | readonly Node[] | { readonly [name: string]: Node | undefined };

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: Node | undefined;
}

export function setting(path: string, fallback: Json, description: string, schema: JsonMap): Setting {
  return { [IS_SETTING]: true, path, fallback, description, schema };
}

export function yamlText(content: Node): YamlText {
  return { [IS_TEXT]: true, content };
}

export function digestOf(content: Node): Digest {
  return { [IS_DIGEST]: true, content };
}

/** A copy with every place filled by `value`; fields without a value, and those that are null, are left out. */
export function filled(node: Node, value: (setting: Setting) => Json): Json {
  if (isList(node)) return node.map((item) => filled(item, value));
  if (typeof node !== 'object' || node === null) return node;
  if (isSetting(node)) return value(node);
  if (isText(node)) return textOf(node.content, value);
  if (isDigest(node)) return digested(node.content, value);
  return Object.fromEntries(
    Object.entries(node).flatMap(([name, field]) => {
      const full = field === undefined ? null : filled(field, value);
      return full === null ? [] : [[name, full]];
    }),
  );
}

/** The text of a whole value where a template stands for it, and YAML otherwise. */
function textOf(content: Node, value: (setting: Setting) => Json): string {
  const full = filled(content, value);
  return typeof full === 'string' ? `text ${full}` : yaml(full).trimEnd();
}

/** SHA-256 of the same; a chart makes its own of what it is given. */
function digested(content: Node, value: (setting: Setting) => Json): string {
  const full = filled(content, value);
  return typeof full === 'string' ? `digest ${full}` : createHash('sha256').update(yaml(full)).digest('hex');
}

/** YAML with one field per line, so that a change is one line of a diff. */
export function yaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}

function isSetting(node: object): node is Setting {
  return IS_SETTING in node;
}

function isText(node: object): node is YamlText {
  return IS_TEXT in node;
}

function isDigest(node: object): node is Digest {
  return IS_DIGEST in node;
}

function isList(node: Node): node is readonly Node[] {
  return Array.isArray(node);
}
