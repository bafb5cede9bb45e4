import {
  type Document,
  LineCounter,
  type Node,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseAllDocuments,
} from 'yaml';
import { type ResourceProblem, wholeFile } from './problem.ts';

/** YAML as files of resources may use it: bounded, and free of what two readers understand differently. */

export const MAX_DOCUMENTS = 1000;
const MAX_DEPTH = 64;
const MAX_ALIASES = 100;
/** Text in YAML 1.2, booleans in YAML 1.1, which Kubernetes' tools read. */
const YAML_1_1_BOOLEAN = /^(?:yes|no|on|off)$/i;

export type FieldPath = readonly (string | number)[];

export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface YamlDocument {
  readonly value: unknown;
  /** Where the value at a path starts; of the deepest part that is there when the path leads to nothing. */
  readonly positionOf: (path: FieldPath) => Position;
  /** Where the name of the last field of a path stands. */
  readonly positionOfKey: (path: FieldPath) => Position;
}

export interface ParsedYaml {
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly ResourceProblem[];
}

/** Documents that hold something and have no fault of YAML, in order, and the faults of the others. Pure. */
export function parseYaml(file: string, text: string): ParsedYaml {
  const lines = new LineCounter();
  const parsed = parseText(text, lines);
  if (parsed === undefined) return onlyProblem(wholeFile(file, 'the YAML is nested too deeply to be read'));
  if (parsed.length > MAX_DOCUMENTS) {
    return onlyProblem(wholeFile(file, `found ${parsed.length} documents, at most ${MAX_DOCUMENTS} are read`));
  }
  const documents: YamlDocument[] = [];
  const problems: ResourceProblem[] = [];
  for (const document of parsed.filter((one) => one.errors.length > 0 || !isEmpty(one))) {
    const read = readDocument(document, lines);
    if ('value' in read) documents.push(read);
    else problems.push(...read.faults.map(({ offset, message }) => problemAt(file, lines, offset, message)));
  }
  return { documents, problems };
}

function parseText(text: string, lineCounter: LineCounter): readonly Document[] | undefined {
  try {
    // Repeated keys are found below: the check of the library takes quadratic time.
    const documents = parseAllDocuments(text, { lineCounter, uniqueKeys: false, merge: false, prettyErrors: false });
    return 'empty' in documents ? [] : documents;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function isEmpty(document: Document): boolean {
  const { contents } = document;
  return contents === null || (isScalar(contents) && contents.value === null);
}

interface Fault {
  readonly offset: number;
  readonly message: string;
}

function readDocument(document: Document, lines: LineCounter): YamlDocument | { readonly faults: readonly Fault[] } {
  // Later faults of syntax mostly follow from the first.
  const [syntax] = [...document.errors, ...document.warnings];
  if (syntax !== undefined) {
    return { faults: [{ offset: syntax.pos[0], message: `the YAML is not valid: ${firstLine(syntax.message)}` }] };
  }
  const faults = faultsOfContents(document);
  if (faults.length > 0) return { faults };
  try {
    return toYamlDocument(document, lines);
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return { faults: [{ offset: 0, message: 'the aliases multiply beyond what is read' }] };
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}

function faultsOfContents(document: Document): readonly Fault[] {
  const faults: Fault[] = [];
  let aliases = 0;

  const visit = (node: unknown, depth: number): void => {
    if (depth > MAX_DEPTH) {
      faults.push({ offset: offsetOf(node), message: `values are nested deeper than ${MAX_DEPTH}` });
    } else if (isAlias(node)) {
      aliases += 1;
      if (aliases === MAX_ALIASES + 1)
        faults.push({ offset: offsetOf(node), message: `more than ${MAX_ALIASES} aliases` });
      if (node.resolve(document) === undefined) {
        faults.push({ offset: offsetOf(node), message: `no anchor \`&${node.source}\` stands before this alias` });
      }
    } else if (isMap(node)) {
      const seen = new Set<string>();
      for (const { key, value } of node.items) {
        faults.push(...faultsOfKey(key, seen));
        visit(value, depth + 1);
      }
    } else if (isSeq(node)) {
      for (const item of node.items) visit(item, depth + 1);
    } else if (isScalar(node) && node.type === 'PLAIN' && YAML_1_1_BOOLEAN.test(node.source ?? '')) {
      const found = node.source ?? '';
      faults.push({
        offset: offsetOf(node),
        message: `found a bare ${found}, which some YAML readers take as a boolean: write "${found}" or true or false`,
      });
    }
  };

  visit(document.contents, 0);
  return faults;
}

function faultsOfKey(key: unknown, seen: Set<string>): readonly Fault[] {
  if (!isScalar(key)) return [{ offset: offsetOf(key), message: 'a key must be plain text' }];
  const name = String(key.value);
  if (name === '<<')
    return [{ offset: offsetOf(key), message: 'merge keys (`<<`) are not supported: write the fields out' }];
  if (seen.has(name)) return [{ offset: offsetOf(key), message: `the key \`${name}\` is given twice` }];
  seen.add(name);
  return [];
}

function toYamlDocument(document: Document, lines: LineCounter): YamlDocument {
  const place = (node: unknown): Position => positionAt(lines, offsetOf(node));
  return {
    value: document.toJS({ maxAliasCount: MAX_ALIASES }),
    positionOf: (path) => place(stepsTo(document, path).at(-1)?.value ?? document.contents),
    positionOfKey: (path) => {
      const last = stepsTo(document, path).at(-1);
      return place(last?.key ?? last?.value ?? document.contents);
    },
  };
}

interface Step {
  readonly key: unknown;
  readonly value: unknown;
}

/** The nodes along a path, as far as it goes. Aliases are followed. */
function stepsTo(document: Document, path: FieldPath): readonly Step[] {
  const steps: Step[] = [];
  let node: unknown = document.contents;
  for (const part of path) {
    const target: unknown = isAlias(node) ? node.resolve(document) : node;
    const step = stepInto(target, part);
    if (step === undefined) break;
    steps.push(step);
    node = step.value;
  }
  return steps;
}

function stepInto(node: unknown, part: string | number): Step | undefined {
  if (isSeq(node)) {
    const value: unknown = node.items[Number(part)];
    return value === undefined ? undefined : { key: undefined, value };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
  return isPair(pair) ? { key: pair.key, value: pair.value ?? pair.key } : undefined;
}

function offsetOf(node: unknown): number {
  return isNodeWithRange(node) ? node.range[0] : 0;
}

function isNodeWithRange(node: unknown): node is Node & { range: [number, number, number] } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function problemAt(file: string, lines: LineCounter, offset: number, message: string): ResourceProblem {
  return { file, ...positionAt(lines, offset), message };
}

function onlyProblem(problem: ResourceProblem): ParsedYaml {
  return { documents: [], problems: [problem] };
}
