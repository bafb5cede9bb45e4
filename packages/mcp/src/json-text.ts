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
  const seen = scan(text);
  if (seen.depth > limits.maxDepth) return { ok: false, fault: 'too_deep' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, fault: 'not_json' };
  }
  // Of equal names `JSON.parse` keeps one, so that it has fewer than the text.
  const fault = seen.fault ?? (membersIn(value) < seen.names ? 'duplicate_member' : undefined);
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

interface Scan {
  /** Deepest nesting. */
  readonly depth: number;
  /** Member names in all objects together, the equal ones too. */
  readonly names: number;
  /** What JSON.parse lets pass and we do not. */
  readonly fault: TextFault | undefined;
}

/** One pass over a text that need not be JSON, before any value is built. */
function scan(text: string): Scan {
  const hasEscapes = text.includes('\\');
  let open = 0;
  let depth = 0;
  let names = 0;
  let fault: TextFault | undefined;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      const end = stringEnd(text, at);
      if (isName(text, end)) {
        names += 1;
        if (hasEscapes && !isSafeName(text, at, end)) fault ??= 'invalid_member_name';
      }
      at = end - 1;
    } else if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) depth = Math.max(depth, ++open);
    else if (unit === CLOSE_OBJECT || unit === CLOSE_ARRAY) open -= 1;
    else if (unit === MINUS || isDigit(unit)) {
      const end = scalarEnd(text, at);
      if (!isFiniteNumber(text, at, end)) fault ??= 'number_out_of_range';
      at = end - 1;
    }
  }
  return { depth, names, fault };
}

/** Only an escape can put U+0000 or half a surrogate pair into a name. */
function isSafeName(text: string, start: number, end: number): boolean {
  const name = stringValue(text, start, end);
  return !name.includes('\0') && name.isWellFormed();
}

const SURELY_FINITE_DIGITS = 300;

function isFiniteNumber(text: string, start: number, end: number): boolean {
  const spelling = text.slice(start, end);
  const isSure = spelling.length < SURELY_FINITE_DIGITS && !spelling.includes('e') && !spelling.includes('E');
  return isSure || Number.isFinite(Number(spelling));
}

/** Member names in all objects of a value together. */
function membersIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner = Object.values(value);
  let count = Array.isArray(value) ? 0 : inner.length;
  for (const one of inner) if (typeof one === 'object') count += membersIn(one);
  return count;
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

/**
 * Where the members' values of the object that starts at `start` begin, by name; none for anything else. Reads no further
 * than it is asked to.
 */
export function* memberStartsOf(text: string, start: number): Generator<readonly [name: string, valueStart: number]> {
  if (text.charCodeAt(start) !== OPEN_OBJECT) return;
  let at = skipSpace(text, start + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const nameEnd = stringEnd(text, at);
    const valueStart = skipSpace(text, skipSpace(text, nameEnd) + 1);
    yield [stringValue(text, at, nameEnd), valueStart];
    at = skipSpace(text, valueAt(text, valueStart).end);
    if (text.charCodeAt(at) !== COMMA) return;
    at = skipSpace(text, at + 1);
  }
}

/** The same with the ends of the values. */
export function* membersOf(text: string, start: number): Generator<readonly [name: string, value: Span]> {
  for (const [name, valueStart] of memberStartsOf(text, start)) yield [name, valueAt(text, valueStart)];
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
  for (const [name, valueStart] of memberStartsOf(text, start)) if (name === wanted) return valueAt(text, valueStart);
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
