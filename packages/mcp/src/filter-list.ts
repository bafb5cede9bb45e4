import { type ListedKind } from '@mcp-runtime/api';
import { foldCase } from './fold-case.ts';
import { type Span, itemsOf, memberAt, memberStartsOf, readJson, skipSpace } from './json-text.ts';
import { isMembers } from './message.ts';
import { type Splice, splice } from './splice.ts';

type Filtered = ListedKind | 'contents';

const LISTS: Readonly<Record<Filtered, { readonly member: string; readonly key: string }>> = {
  tools: { member: 'tools', key: 'name' },
  prompts: { member: 'prompts', key: 'name' },
  resources: { member: 'resources', key: 'uri' },
  templates: { member: 'resourceTemplates', key: 'uriTemplate' },
  contents: { member: 'contents', key: 'uri' },
};

const MAX_DEPTH = 128;

/**
 * The response to a list request, or what was read of a resource (which may be several), with only the items that
 * `isVisible` lets through, and private for caches, since another caller may see other items (MCP 2026-07-28, "Caching");
 * every other byte stays. Undefined when the text cannot be read without ambiguity: then nothing of it may be shown.
 */
export function filterList(
  answer: string,
  of: Filtered,
  isVisible: (nameOrUri: string) => boolean,
): string | undefined {
  const start = startOfMember(answer, skipSpace(answer, 0), 'result');
  const known = start === undefined ? undefined : recall(answer, start, of);
  if (start === undefined || known === undefined) return filterUnknown(answer, of, isVisible);
  // The rest is read as if the result were a word: that and its place in an object make the whole what it was before.
  const rest = readJson(`${answer.slice(0, start)}null${answer.slice(start + known.text.length)}`, {
    maxDepth: MAX_DEPTH,
  });
  if (!rest.ok || !isMembers(rest.value) || isAmbiguous(rest.value, 'result')) return undefined;
  return shownOf(answer, start, known, isVisible);
}

function filterUnknown(answer: string, of: Filtered, isVisible: (name: string) => boolean): string | undefined {
  const read = readJson(answer, { maxDepth: MAX_DEPTH });
  if (!read.ok || !isMembers(read.value)) return undefined;
  const { text, value } = read;
  if (isAmbiguous(value, 'result')) return undefined;
  const result = memberAt(text, skipSpace(text, 0), 'result');
  if (result === undefined) return Object.hasOwn(value, 'error') ? text : undefined;
  const list = listIn(text.slice(result.start, result.end), value['result'], of);
  if (list === 'ambiguous') return undefined;
  if (list === 'none') return text;
  remember(list);
  return shownOf(text, result.start, list, isVisible);
}

/** A result with a list. Places are those in its text. */
interface List {
  readonly of: Filtered;
  readonly text: string;
  readonly span: Span;
  readonly items: readonly Item[];
  readonly cacheScope: Span | undefined;
  /** What was shown of it last. */
  shown: { readonly items: readonly Item[]; readonly text: string } | undefined;
}

interface Item extends Span {
  readonly name: unknown;
}

function listIn(text: string, result: unknown, of: Filtered): List | 'none' | 'ambiguous' {
  const { member, key } = LISTS[of];
  if (!isMembers(result)) return 'none';
  if (isAmbiguous(result, member)) return 'ambiguous';
  const span = memberAt(text, 0, member);
  if (span === undefined) return 'none';
  const listed = result[member];
  const values: readonly unknown[] = Array.isArray(listed) ? listed : [];
  if (values.some((item) => isMembers(item) && isAmbiguous(item, key))) return 'ambiguous';
  const items = itemsOf(text, span.start)
    .map((item, index) => ({ ...item, name: nameOf(values[index], key) }))
    .toArray();
  return { of, text, span, items, cacheScope: memberAt(text, 0, 'cacheScope'), shown: undefined };
}

function nameOf(item: unknown, key: string): unknown {
  return isMembers(item) && Object.hasOwn(item, key) ? item[key] : undefined;
}

function shownOf(answer: string, start: number, list: List, isVisible: (name: string) => boolean): string {
  const items = list.items.filter(({ name }) => typeof name === 'string' && isVisible(name));
  const replacements: Splice[] = [{ ...list.span, text: textOfItems(list, items) }];
  if (list.cacheScope !== undefined) replacements.push({ ...list.cacheScope, text: '"private"' });
  return splice(
    answer,
    replacements.map((one) => ({ ...one, start: one.start + start, end: one.end + start })),
  );
}

/** Most callers see the same of a list. */
function textOfItems(list: List, items: readonly Item[]): string {
  const { shown } = list;
  if (shown?.items.length === items.length && items.every((item, index) => item === shown.items[index])) {
    return shown.text;
  }
  const text = `[${items.map(({ start, end }) => list.text.slice(start, end)).join(',')}]`;
  list.shown = { items, text };
  return text;
}

const REMEMBERED_LISTS = 8;
const LONGEST_REMEMBERED = 512 * 1024;
const MOST_ITEMS_REMEMBERED = 4096;
const remembered: List[] = [];

/** Servers list the same again and again: reading it takes ten times as long as comparing it. */
function remember(list: List): void {
  if (list.of === 'contents' || list.text.length > LONGEST_REMEMBERED || list.items.length > MOST_ITEMS_REMEMBERED)
    return;
  if (remembered.unshift(list) > REMEMBERED_LISTS) remembered.pop();
}

/** The list that was read before, when to the last character it is what stands there. */
function recall(answer: string, start: number, of: Filtered): List | undefined {
  return remembered.find((list) => list.of === of && answer.startsWith(list.text, start));
}

function startOfMember(text: string, start: number, wanted: string): number | undefined {
  for (const [name, valueStart] of memberStartsOf(text, start)) if (name === wanted) return valueStart;
  return undefined;
}

/** Whether a reader that ignores case would take another member for the wanted one. */
function isAmbiguous(object: Readonly<Record<string, unknown>>, wanted: string): boolean {
  const folded = foldCase(wanted);
  return Object.keys(object).some((name) => name !== wanted && foldCase(name) === folded);
}
