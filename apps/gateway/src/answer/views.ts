import { type ListedKind } from '@mcp-runtime/api';
import {
  ACKNOWLEDGED,
  TASKS_EXTENSION,
  acknowledge,
  filterList,
  isListening,
  listOf,
  listsAsked,
  mayBecomeTask,
  reduceCapabilities,
  renameTasksInNotice,
  renameTasksInResponse,
  stringAt,
} from '@mcp-runtime/mcp';
import { type Policy, isVisible, readsVary, seesItems } from '@mcp-runtime/policy';
import { type Exchange } from '../exchange.ts';
import { filteredLists } from '../notices.ts';
import { type View, same } from './view.ts';

/** Gives the caller's id for a task of the server that its call of `tool` created. */
export type SealTask = (id: string, tool: string) => string;

const LISTS = ['tools', 'prompts', 'resources', 'templates'] as const;

interface ViewPorts {
  readonly sealTask: SealTask;
  /** Whether the gateway can tell the caller of changes that are its own: it needs a stream for that. */
  readonly canTell: boolean;
  /** Called when a subscription is acknowledged, before the caller hears of it. */
  readonly onAcknowledged: () => void;
}

/** What of the answer to a POST has to be looked at before the caller sees it; nothing of most answers. */
export function viewsOf(exchange: Exchange, ports: ViewPorts): readonly View[] {
  const { message, target, caller, policy, now } = exchange;
  if (message?.kind !== 'request' || caller.source === 'probe') return [];
  if (target?.kind === 'list' && policy !== undefined) {
    return [listView(target.of, seesItems(policy, caller.identity, now, target.of))];
  }
  if (target?.kind === 'tool' && mayBecomeTask(message)) return [createdTaskView(target.name, ports.sealTask)];
  if (target?.kind === 'task') return [knownTasksView(exchange)];
  if (isListening(message)) return [subscriptionView(exchange, ports.onAcknowledged)];
  if (OPENINGS.has(message.method)) return [capabilitiesView(exchange, ports.canTell)];
  if (message.method === 'resources/read' && policy !== undefined && readsVary(policy, caller.identity)) {
    return [contentsView(exchange)];
  }
  return [];
}

/** Their answers say what a server can do. */
const OPENINGS: ReadonlySet<string> = new Set(['initialize', 'server/discover']);

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
  return [...lists, contentsView(exchange), noticesView(exchange)];
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

/** Acknowledged as the caller asked; then updates, each asked again before it is shown, and what it asked to be told. */
function subscriptionView(exchange: Exchange, onAcknowledged: () => void): View {
  const { response, notice } = knownTasksView(exchange);
  const { notice: ofStream } = noticesView(exchange);
  const lists = isListening(exchange.message) ? listsAsked(exchange.message) : [];
  return {
    response,
    notice: (text) => {
      const method = stringAt(text, ['method']);
      if (method === ACKNOWLEDGED) {
        onAcknowledged();
        return acknowledge(text, { lists, taskId: (id) => exchange.tasks?.get(id) });
      }
      const changed = listOf(method);
      if (changed !== undefined) return lists.includes(changed) ? text : undefined;
      const shown = ofStream(text);
      return shown && notice(shown);
    },
  };
}

/** Extensions of MCP whose messages policy knows. */
const PASSING_EXTENSIONS: ReadonlySet<string> = new Set([TASKS_EXTENSION, 'io.modelcontextprotocol/ui']);

function capabilitiesView({ policy, era }: Exchange, canTell: boolean): View {
  const governsAll = policy?.governs === 'all';
  const told = policy === undefined ? [] : filteredLists(policy);
  return {
    response: (text) =>
      reduceCapabilities(text, {
        // A server that tells of no list closes the streams of those who ask for lists alone.
        notified: (announced) => (canTell && (era.kind === 'legacy' || announced.length > 0) ? told : []),
        passes: (extension) => !governsAll || PASSING_EXTENSIONS.has(extension),
      }),
    notice: same,
  };
}

/** A read may answer with several resources: of each it is asked whether the caller may read it. */
function contentsView(exchange: Exchange): View {
  return { response: (text) => filterList(text, 'contents', (uri) => mayRead(exchange, uri)), notice: same };
}

/** Drops what the caller may not follow, and what is about a task that it cannot know by that id. */
function noticesView(exchange: Exchange): View {
  return {
    response: same,
    notice: (text) => {
      const method = stringAt(text, ['method']);
      if (method === UPDATED) return mayRead(exchange, stringAt(text, ['params', 'uri'])) ? text : undefined;
      if (method === undefined || !TASK_NOTICES.has(method)) return text;
      return exchange.tasks?.has(stringAt(text, ['params', 'taskId']) ?? '') === true ? text : undefined;
    },
  };
}

function mayRead(exchange: Exchange, uri: string | undefined): boolean {
  const policy = currentPolicy(exchange);
  if (uri === undefined || policy === undefined) return false;
  return isVisible(policy, exchange.caller.identity, exchange.now, 'resources')(uri);
}

function currentPolicy({ route, policy }: Exchange): Policy | undefined {
  return route.policy.current() ?? policy;
}
