import { type ListedKind } from '@mcp-runtime/api';
import { memberText, withMembers } from './json-edit.ts';
import { type Message, isMembers } from './message.ts';
import { keptStrings, spanAt, splice } from './splice.ts';

/** Lists that MCP has a notice for; a change of templates is one of resources. */
type NotedList = Exclude<ListedKind, 'templates'>;

/** How a list says that it changed, and how a subscription asks for it (MCP 2026-07-28, "Subscriptions"). */
const NOTICES: Readonly<Record<NotedList, { readonly method: string; readonly flag: string }>> = {
  tools: { method: 'notifications/tools/list_changed', flag: 'toolsListChanged' },
  prompts: { method: 'notifications/prompts/list_changed', flag: 'promptsListChanged' },
  resources: { method: 'notifications/resources/list_changed', flag: 'resourcesListChanged' },
};
const NOTED_LISTS: readonly NotedList[] = ['tools', 'prompts', 'resources'];

export const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged';
const SUBSCRIPTION_ID = 'io.modelcontextprotocol/subscriptionId';

type Listen = Extract<Message, { kind: 'request' }> & { readonly method: 'subscriptions/listen' };

/** Whether a message opens a subscription. */
export function isListening(message: Message | undefined): message is Listen {
  return message?.kind === 'request' && message.method === 'subscriptions/listen';
}

/** Lists that a subscription asks to be told about. */
export function listsAsked({ params }: Listen): readonly NotedList[] {
  const { notifications } = params;
  if (!isMembers(notifications)) return [];
  return NOTED_LISTS.filter((list) => notifications[NOTICES[list].flag] === true);
}

/** The list that a notice says has changed. */
export function listOf(method: string | undefined): NotedList | undefined {
  return NOTED_LISTS.find((list) => NOTICES[list].method === method);
}

/** The notice that a list has changed; `subscription` is the id of the request that asked for it. */
export function listNotice(list: NotedList, subscription: string | number | undefined): string {
  const { method } = NOTICES[list];
  const params = subscription === undefined ? {} : { params: { _meta: { [SUBSCRIPTION_ID]: subscription } } };
  return JSON.stringify({ jsonrpc: '2.0', method, ...params });
}

const FILTER = ['params', 'notifications'] as const;

/**
 * A subscription that asks a server for every list: it says of each on its own whether it tells, and closes a stream that has
 * nothing to tell. What was not asked for is dropped again (`acknowledge`).
 */
export function askForEveryList(text: string): string {
  return withFilter(text, Object.fromEntries(NOTED_LISTS.map((list) => [NOTICES[list].flag, 'true'])));
}

interface Acknowledgement {
  /** Lists that the caller asked for and hears about. */
  readonly lists: readonly NotedList[];
  /** The caller's id for a task of the server. */
  readonly taskId: (id: string) => string | undefined;
}

/** The acknowledgement of a server as the caller sees it: with what it asked for, and its own task ids. */
export function acknowledge(text: string, { lists, taskId }: Acknowledgement): string {
  const tasks = spanAt(text, [...FILTER, 'taskIds']);
  const kept = tasks && keptStrings(text, tasks, taskId);
  const shown = kept === undefined ? text : splice(text, [kept]);
  const filter = spanAt(shown, FILTER);
  // A server that honours nothing ends the stream, so nothing is told.
  if (filter === undefined || !/"\s*:/.test(shown.slice(filter.start, filter.end))) return shown;
  const flags = NOTED_LISTS.map((list) => [NOTICES[list].flag, lists.includes(list) ? 'true' : undefined] as const);
  const changed = flags.filter(([flag, value]) => memberText(shown.slice(filter.start, filter.end), flag) !== value);
  return changed.length === 0 ? shown : withFilter(shown, Object.fromEntries(changed));
}

function withFilter(text: string, changes: Readonly<Record<string, string | undefined>>): string {
  const filter = spanAt(text, FILTER);
  if (filter === undefined) return text;
  return splice(text, [{ ...filter, text: withMembers(text.slice(filter.start, filter.end), changes) }]);
}
