import { type TaskTarget } from '@mcp-runtime/api';
import { TASKS_EXTENSION, isListening, mayBecomeTask, spanAt, splice } from '@mcp-runtime/mcp';
import { readPlaced } from './routes/endpoints.ts';
import { type Exchange } from './exchange.ts';
import { type Place } from './seal/seal.ts';
import { type Refusal } from './reply.ts';
import { type TaskSeal } from './seal/task-seal.ts';

/** What a server says of a task that it does not have (SEP-2663). */
export const UNKNOWN_TASK: Refusal = { reason: 'not_found', message: 'task not found', code: -32602, status: 200 };
/** MCP 2026-07-28, "Missing required capabilities". */
const NOT_DECLARED: Refusal = {
  reason: 'invalid_request',
  message: `the request does not declare \`${TASKS_EXTENSION}\``,
  code: -32021,
  status: 400,
  data: { requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } },
};
const NO_LIST: Refusal = { reason: 'not_found', message: 'method not found', code: -32601, status: 200 };

/** Whether a request may name what only the gateway can read. */
export function holdsNames({ message, target }: Exchange): boolean {
  if (message?.kind !== 'request') return false;
  return target?.kind === 'task' || message.method === 'tasks/list' || isListening(message);
}

/**
 * Puts the server's own task id into a request about a task: the body then says what the server reads, and the target names
 * the tool that policy decides about. A task of somebody else is one that does not exist.
 */
export function openTask(exchange: Exchange, place: Place, seal: TaskSeal): Refusal | undefined {
  const { message, target } = exchange;
  if (message?.kind === 'request' && message.method === 'tasks/list') return NO_LIST;
  const namesTasks = target?.kind === 'task' || (target?.kind === 'subscription' && target.tasks.length > 0);
  const isModern = exchange.era.kind === 'modern' && message?.kind === 'request';
  if (namesTasks && isModern && !mayBecomeTask(message)) return NOT_DECLARED;
  if (target?.kind !== 'task') return undefined;
  const opened = openedTask(exchange, target, place, seal);
  const text = exchange.body.toString('utf8');
  const span = spanAt(text, ['params', 'taskId']);
  if (opened === undefined || span === undefined) return UNKNOWN_TASK;
  exchange.target = opened;
  exchange.tasks = new Map([[opened.id, target.id]]);
  exchange.message = withParams(exchange.message, { taskId: opened.id });
  exchange.body = Buffer.from(splice(text, [{ ...span, text: JSON.stringify(opened.id) }]));
  return undefined;
}

/** The message that the body is then. */
export function withParams(
  message: Exchange['message'],
  changed: Readonly<Record<string, unknown>>,
): Exchange['message'] {
  if (message === undefined || message.kind === 'response') return message;
  return { ...message, params: { ...message.params, ...changed } };
}

/** A task is known to one endpoint of its server: the exchange goes there, and what another one knows is not there. */
export function openedTask(
  exchange: Exchange,
  { id }: TaskTarget,
  place: Place,
  seal: TaskSeal,
): TaskTarget | undefined {
  const opened = seal.open(id, place);
  if (opened === undefined) return undefined;
  const { endpoints } = exchange.route;
  const placed = readPlaced(opened.id, endpoints);
  if (endpoints !== undefined && placed.endpoint !== undefined) {
    const endpoint = endpoints.find(placed.endpoint);
    exchange.endpoint ??= endpoint;
    if (endpoint === undefined || exchange.endpoint !== endpoint) return undefined;
  }
  return { kind: 'task', id: placed.id, tool: opened.tool };
}
