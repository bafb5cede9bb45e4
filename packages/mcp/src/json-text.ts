/** Bounds of a JSON text and what was wrong with it. */
export interface TextLimits {
  /** Open brackets at once. */
  readonly maxDepth: number;
}

export type TextFault =
  | 'not_utf8'
  | 'not_json'
  | 'too_deep'
  | 'duplicate_member'
  | 'invalid_member_name'
  | 'number_out_of_range';

export type ReadText =
  | { readonly ok: true; readonly text: string; readonly value: unknown }
  | { readonly ok: false; readonly fault: TextFault };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads one JSON text (RFC 8259), stricter than `JSON.parse`: refuses bytes that are not UTF-8, a byte order mark, equal
 * names in one object at any depth, U+0000 and lone surrogates in names, numbers beyond a double, and deep nesting.
 */
export function readJsonText(bytes: Uint8Array, limits: TextLimits): ReadText {
  try {
    return readJson(decoder.decode(bytes), limits);
  } catch {
    return { ok: false, fault: 'not_utf8' };
  }
}

/** The same for a text that was decoded before. */
export function readJson(text: string, limits: TextLimits): ReadText {
  if (depthOf(text) > limits.maxDepth) return { ok: false, fault: 'too_deep' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, fault: 'not_json' };
  }
  const fault = faultIn(text);
  return fault === undefined ? { ok: true, text, value } : { ok: false, fault };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COLON = 0x3a;
const COMMA = 0x2c;
const MINUS = 0x2d;

/** Deepest nesting of a text that need not be JSON. Runs before any value is built. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) at = stringEnd(text, at) - 1;
    else if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) deepest = Math.max(deepest, ++depth);
    else if (unit === CLOSE_OBJECT || unit === CLOSE_ARRAY) depth -= 1;
  }
  return deepest;
}

/** What JSON.parse lets pass and we do not. `text` is JSON. */
function faultIn(text: string): TextFault | undefined {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === OPEN_OBJECT) open.push(new Set());
    else if (unit === OPEN_ARRAY) open.push(undefined);
    else if (unit === CLOSE_OBJECT || unit === CLOSE_ARRAY) open.pop();
    else if (unit === QUOTE) {
      const end = stringEnd(text, at);
      const names = open.at(-1);
      if (names !== undefined && isName(text, end)) {
        const name = stringValue(text, at, end);
        if (name.includes('\0') || !name.isWellFormed()) return 'invalid_member_name';
        if (names.has(name)) return 'duplicate_member';
        names.add(name);
      }
      at = end - 1;
    } else if (unit === MINUS || isDigit(unit)) {
      const end = scalarEnd(text, at);
      if (!Number.isFinite(Number(text.slice(at, end)))) return 'number_out_of_range';
      at = end - 1;
    }
  }
  return undefined;
}

/** Index after the closing quote of the string that starts at `start`; the text's length when there is none. */
export function stringEnd(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

/** What a string says; of one that is not JSON, its letters as they are. */
export function stringValue(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end - 1);
  if (!raw.includes('\\')) return raw;
  try {
    const value: unknown = JSON.parse(text.slice(start, end));
    return String(value);
  } catch {
    return raw;
  }
}

function isName(text: string, end: number): boolean {
  return text.charCodeAt(skipSpace(text, end)) === COLON;
}

/** A value of a JSON text by its place: `[start, end)`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Place of the value that begins at or after `at`. `text` is JSON. */
export function valueAt(text: string, at: number): Span {
  const start = skipSpace(text, at);
  const unit = text.charCodeAt(start);
  if (unit === QUOTE) return { start, end: stringEnd(text, start) };
  if (unit !== OPEN_OBJECT && unit !== OPEN_ARRAY) return { start, end: scalarEnd(text, start) };
  let depth = 0;
  for (let index = start; index < text.length; index++) {
    const inner = text.charCodeAt(index);
    if (inner === QUOTE) index = stringEnd(text, index) - 1;
    else if (inner === OPEN_OBJECT || inner === OPEN_ARRAY) depth += 1;
    else if ((inner === CLOSE_OBJECT || inner === CLOSE_ARRAY) && --depth === 0) return { start, end: index + 1 };
  }
  return { start, end: text.length };
}

/** Places of the members' values of the object that starts at `start`, by name; empty for anything else. */
export function* membersOf(text: string, start: number): Generator<readonly [name: string, value: Span]> {
  if (text.charCodeAt(start) !== OPEN_OBJECT) return;
  let at = skipSpace(text, start + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const nameEnd = stringEnd(text, at);
    const value = valueAt(text, skipSpace(text, nameEnd) + 1);
    yield [stringValue(text, at, nameEnd), value];
    at = skipSpace(text, value.end);
    if (text.charCodeAt(at) !== COMMA) return;
    at = skipSpace(text, at + 1);
  }
}

/** Places of the items of the array that starts at `start`; empty for anything else. */
export function* itemsOf(text: string, start: number): Generator<Span> {
  if (text.charCodeAt(start) !== OPEN_ARRAY) return;
  let at = skipSpace(text, start + 1);
  while (at < text.length && text.charCodeAt(at) !== CLOSE_ARRAY) {
    const item = valueAt(text, at);
    yield item;
    at = skipSpace(text, item.end);
    if (text.charCodeAt(at) !== COMMA) return;
    at = skipSpace(text, at + 1);
  }
}

/** The texts of an array's items; empty for anything else. `array` is JSON. */
export function itemTexts(array: string): string[] {
  return [...itemsOf(array, skipSpace(array, 0))].map(({ start, end }) => array.slice(start, end));
}

/** Place of a member's value. */
export function memberAt(text: string, start: number, wanted: string): Span | undefined {
  for (const [name, value] of membersOf(text, start)) if (name === wanted) return value;
  return undefined;
}

export function skipSpace(text: string, at: number): number {
  let index = at;
  while (isSpace(text.charCodeAt(index))) index += 1;
  return index;
}

function scalarEnd(text: string, start: number): number {
  let end = start;
  while (end < text.length && !isEndOfScalar(text.charCodeAt(end))) end += 1;
  return end;
}

function isEndOfScalar(unit: number): boolean {
  return unit === COMMA || unit === CLOSE_OBJECT || unit === CLOSE_ARRAY || isSpace(unit);
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}
