import { type ListedKind } from '@mcp-runtime/api';
import { foldCase } from './fold-case.ts';
import { itemsOf, memberAt, membersOf, readJson, skipSpace } from './json-text.ts';
import { type Splice, splice } from './splice.ts';

export type AnswerOutcome = 'ok' | 'rpc_error' | 'tool_error';

/** How a JSON-RPC response ended, by a look at its outer members only. Text that is no response counts as `ok`. */
export function outcomeOf(text: string): AnswerOutcome {
  for (const [name, value] of membersOf(text, skipSpace(text, 0))) {
    if (name === 'error') return 'rpc_error';
    if (name !== 'result') continue;
    const isError = memberAt(text, value.start, 'isError');
    return isError !== undefined && text.slice(isError.start, isError.end) === 'true' ? 'tool_error' : 'ok';
  }
  return 'ok';
}

/**
 * Whether a message of a stream is the response to a request (and not a notification or a question). What some reader
 * could take for one counts: a batch with a response in it, and a response that names a method.
 */
export function isResponse(text: string): boolean {
  const start = skipSpace(text, 0);
  for (const item of itemsOf(text, start)) if (isAnswer(text, item.start)) return true;
  return isAnswer(text, start);
}

const ANSWERING = ['result"', 'error"'].map((name) => Buffer.from(name));
const BACKSLASH = 0x5c;

/**
 * Where the first byte may be that makes a response: up to there, no reader could find one, since neither of its names is
 * there, nor an escape that could spell one.
 */
export function responseFrom(bytes: Buffer): number {
  const places = [...ANSWERING.map((name) => bytes.indexOf(name)), bytes.indexOf(BACKSLASH)];
  return Math.min(...places.map((place) => (place === -1 ? bytes.length : place)));
}

function isAnswer(text: string, start: number): boolean {
  for (const [name] of membersOf(text, start)) if (name === 'result' || name === 'error') return true;
  return false;
}

const LISTS: Readonly<Record<ListedKind | 'contents', { readonly member: string; readonly key: string }>> = {
  tools: { member: 'tools', key: 'name' },
  prompts: { member: 'prompts', key: 'name' },
  resources: { member: 'resources', key: 'uri' },
  templates: { member: 'resourceTemplates', key: 'uriTemplate' },
  contents: { member: 'contents', key: 'uri' },
};

const MAX_DEPTH = 128;

/**
 * The response to a list request, or what was read of a resource (which may be several), with only the items that `isVisible` lets through, and private for caches, since another
 * caller may see other items (MCP 2026-07-28, "Caching"); every other byte stays. Undefined when the text cannot be read
 * without ambiguity: then nothing of it may be shown.
 */
export function filterList(
  answer: string,
  of: ListedKind | 'contents',
  isVisible: (nameOrUri: string) => boolean,
): string | undefined {
  const read = readJson(answer, { maxDepth: MAX_DEPTH });
  if (!read.ok) return undefined;
  const { text } = read;
  const { member, key } = LISTS[of];
  const root = skipSpace(text, 0);
  const result = memberAt(text, root, 'result');
  if (isAmbiguous(text, root, 'result')) return undefined;
  if (result === undefined) return memberAt(text, root, 'error') === undefined ? undefined : text;
  if (isAmbiguous(text, result.start, member)) return undefined;
  const list = memberAt(text, result.start, member);
  if (list === undefined) return text;
  const kept: string[] = [];
  for (const item of itemsOf(text, list.start)) {
    if (isAmbiguous(text, item.start, key)) return undefined;
    const named = memberAt(text, item.start, key);
    const name: unknown = named === undefined ? undefined : JSON.parse(text.slice(named.start, named.end));
    if (typeof name === 'string' && isVisible(name)) kept.push(text.slice(item.start, item.end));
  }
  const shown: Splice = { ...list, text: `[${kept.join(',')}]` };
  const scope = memberAt(text, result.start, 'cacheScope');
  return splice(text, scope === undefined ? [shown] : [shown, { ...scope, text: '"private"' }]);
}

/** Whether a reader that ignores case would take another member for the wanted one. */
function isAmbiguous(text: string, start: number, wanted: string): boolean {
  const folded = foldCase(wanted);
  for (const [name] of membersOf(text, start)) if (name !== wanted && foldCase(name) === folded) return true;
  return false;
}
