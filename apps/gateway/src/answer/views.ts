import { type ListedKind } from '@mcp-runtime/api';
import { filterList, mayBecomeTask, renameTasksInNotice, renameTasksInResponse, stringAt } from '@mcp-runtime/mcp';
import { type Policy, isVisible } from '@mcp-runtime/policy';
import { type Exchange } from '../exchange.ts';
import { mayFollow } from '../subscription.ts';
import { type View, same } from './view.ts';

/** Gives the caller's id for a task of the server that its call of `tool` created. */
export type SealTask = (id: string, tool: string) => string;

const LISTS = ['tools', 'prompts', 'resources', 'templates'] as const;

/** What of the answer to a POST has to be looked at before the caller sees it; nothing of most answers. */
export function viewsOf(exchange: Exchange, sealTask: SealTask): readonly View[] {
  const { message, target, caller, policy, now } = exchange;
  if (message?.kind !== 'request' || caller.source === 'probe') return [];
  if (target?.kind === 'list' && policy !== undefined) {
    return [listView(target.of, isVisible(policy, caller.identity, now, target.of))];
  }
  if (target?.kind === 'tool' && mayBecomeTask(message)) return [createdTaskView(target.name, sealTask)];
  if (target?.kind === 'task') return [knownTasksView(exchange)];
  if (target?.kind === 'subscription') return [subscriptionView(exchange)];
  return [];
}

/**
 * A stream of the server's own. A resumed one may replay the response to any list (MCP 2025-11-25, "Resumability"): all of it
 * is seen by the policy of that moment.
 */
export function viewsOfStream(exchange: Exchange): readonly View[] {
  const { caller, now } = exchange;
  if (caller.source === 'probe') return [];
  const lists = LISTS.map((of) =>
    listView(of, (nameOrUri) => {
      const policy = currentPolicy(exchange);
      return policy !== undefined && isVisible(policy, caller.identity, now, of)(nameOrUri);
    }),
  );
  return [...lists, noticesView(exchange)];
}

function listView(of: ListedKind, isShown: (nameOrUri: string) => boolean): View {
  return { response: (text) => filterList(text, of, isShown), notice: same };
}

/** The response to a call says which task it became; what comes before it belongs to none yet. */
function createdTaskView(tool: string, sealTask: SealTask): View {
  return { response: (text) => renameTasksInResponse(text, (id) => sealTask(id, tool)), notice: same };
}

function knownTasksView({ tasks }: Exchange): View {
  const rename = (id: string): string | undefined => tasks?.get(id);
  return {
    response: (text) => renameTasksInResponse(text, rename),
    notice: (text) => renameTasksInNotice(text, rename),
  };
}

const UPDATED = 'notifications/resources/updated';
/** In 2026-07-28 and in 2025-11-25. */
const TASK_NOTICES: ReadonlySet<string> = new Set(['notifications/tasks', 'notifications/tasks/status']);

/** Updates of resources, each asked again before it is shown, and of the tasks that the caller follows. */
function subscriptionView(exchange: Exchange): View {
  const { response, notice } = knownTasksView(exchange);
  const { notice: ofStream } = noticesView(exchange);
  return {
    response,
    notice: (text) => {
      const shown = ofStream(text);
      return shown && notice(shown);
    },
  };
}

/** Drops what the caller may not follow, and what is about a task that it cannot know by that id. */
function noticesView(exchange: Exchange): View {
  return {
    response: same,
    notice: (text) => {
      const method = stringAt(text, ['method']);
      if (method === UPDATED) return mayReadUpdate(exchange, stringAt(text, ['params', 'uri'])) ? text : undefined;
      if (method === undefined || !TASK_NOTICES.has(method)) return text;
      return exchange.tasks?.has(stringAt(text, ['params', 'taskId']) ?? '') === true ? text : undefined;
    },
  };
}

function mayReadUpdate(exchange: Exchange, uri: string | undefined): boolean {
  const policy = currentPolicy(exchange);
  if (uri === undefined || policy === undefined) return false;
  return mayFollow(exchange, policy, { kind: 'resource', uri }, exchange.now);
}

function currentPolicy({ route, policy }: Exchange): Policy | undefined {
  return route.policy.current() ?? policy;
}
