import { type Target } from '@mcp-runtime/api';
import { type Message, isMembers } from './message.ts';

type Params = Readonly<Record<string, unknown>>;

/**
 * Methods of every MCP revision and the object each of them is about. `tasks/list` is left out: a server that cannot tell
 * callers apart would show the tasks of all.
 */
const TARGETS: ReadonlyMap<string, (params: Params) => Target | undefined> = new Map([
  ...(['initialize', 'ping', 'server/discover', 'logging/setLevel'] as const).map(aboutServer),
  ...(
    [
      'notifications/initialized',
      'notifications/cancelled',
      'notifications/progress',
      'notifications/roots/list_changed',
      'notifications/tasks/status',
    ] as const
  ).map(aboutServer),
  ['tools/list', () => ({ kind: 'list', of: 'tools' })],
  ['prompts/list', () => ({ kind: 'list', of: 'prompts' })],
  ['resources/list', () => ({ kind: 'list', of: 'resources' })],
  ['resources/templates/list', () => ({ kind: 'list', of: 'templates' })],
  ['tools/call', toolOf],
  // Name of the tool call in the first gateway's policies.
  ['call_tool', toolOf],
  ['prompts/get', ({ name }) => (typeof name === 'string' ? { kind: 'prompt', name } : undefined)],
  ['resources/read', resourceOf],
  ['resources/subscribe', resourceOf],
  ['resources/unsubscribe', resourceOf],
  ['completion/complete', completionOf],
  ['subscriptions/listen', subscriptionOf],
  ['tasks/get', taskOf],
  ['tasks/result', taskOf],
  ['tasks/update', taskOf],
  ['tasks/cancel', taskOf],
]);

export function targetOf(message: Exclude<Message, { kind: 'response' }>): Target | undefined {
  return TARGETS.get(message.method)?.(message.params);
}

/** Whether a method is one of those that MCP has, whatever its parameters are. */
export function isKnownMethod(method: string): boolean {
  return TARGETS.has(method);
}

function aboutServer(method: string): [string, () => Target] {
  return [method, () => ({ kind: 'server' })];
}

function toolOf({ name }: Params): Target {
  return { kind: 'tool', name: typeof name === 'string' ? name : '' };
}

function resourceOf({ uri }: Params): Target | undefined {
  return typeof uri === 'string' ? { kind: 'resource', uri } : undefined;
}

function completionOf({ ref }: Params): Target | undefined {
  if (!isMembers(ref)) return undefined;
  const { type, name, uri } = ref;
  if (type === 'ref/prompt' && typeof name === 'string') return { kind: 'prompt', name };
  if (type === 'ref/resource' && typeof uri === 'string') return { kind: 'template', uri };
  return undefined;
}

function subscriptionOf({ notifications }: Params): Target | undefined {
  if (!isMembers(notifications)) return { kind: 'server' };
  const uris = textsOf(notifications['resourceSubscriptions']);
  const ids = textsOf(notifications['taskIds']);
  if (uris === undefined || ids === undefined) return undefined;
  if (uris.length + ids.length === 0) return { kind: 'server' };
  return { kind: 'subscription', uris, tasks: ids.map((id) => ({ kind: 'task', id, tool: '' })) };
}

/** The tool of a task is known to whoever made its id. */
function taskOf({ taskId }: Params): Target | undefined {
  return typeof taskId === 'string' ? { kind: 'task', id: taskId, tool: '' } : undefined;
}

/** None when absent; undefined for what is no list of texts. */
function textsOf(value: unknown = []): readonly string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}
