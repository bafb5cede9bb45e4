import { type Span, itemsOf, memberAt, skipSpace } from './json-text.ts';

/** Another text at the place of a value. */
export interface Splice extends Span {
  readonly text: string;
}

/** The text with other values at those places; every other character stays. */
export function splice(text: string, splices: readonly Splice[]): string {
  const inOrder = splices.toSorted((a, b) => a.start - b.start);
  let at = 0;
  let spliced = '';
  for (const { start, end, text: replacement } of inOrder) {
    spliced += text.slice(at, start) + replacement;
    at = end;
  }
  return spliced + text.slice(at);
}

/** Place of the value that the names lead to from the root; undefined when one is missing. */
export function spanAt(text: string, path: readonly string[]): Span | undefined {
  let at: Span | undefined = { start: skipSpace(text, 0), end: text.length };
  for (const name of path) at = at && memberAt(text, at.start, name);
  return at;
}

/** The value there when it is a string; undefined also for one whose escapes are none. */
export function stringAt(text: string, path: readonly string[]): string | undefined {
  const span = spanAt(text, path);
  return span === undefined ? undefined : stringOf(text, span);
}

export function stringOf(text: string, { start, end }: Span): string | undefined {
  if (text[start] !== '"') return undefined;
  try {
    const value: unknown = JSON.parse(text.slice(start, end));
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The list with only the strings that `keep` lets through, each as it says: the same string keeps its spelling. Undefined
 * for what is no list.
 */
export function keptStrings(text: string, list: Span, keep: (item: string) => string | undefined): Splice | undefined {
  if (text[list.start] !== '[') return undefined;
  const kept: string[] = [];
  for (const item of itemsOf(text, list.start)) {
    const value = stringOf(text, item);
    const shown = value === undefined ? undefined : keep(value);
    if (shown !== undefined) kept.push(shown === value ? text.slice(item.start, item.end) : JSON.stringify(shown));
  }
  return { ...list, text: `[${kept.join(',')}]` };
}
