import { isMembers, type Message } from './message.ts';
import { META_KEYS } from './meta-keys.ts';
import { type Splice, spanAt, splice, stringOf } from './splice.ts';

/** MCP extension: tasks (SEP-2663), of 2026-07-28. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';
/** MCP 2025-11-25, "Tasks", related task metadata. */
const RELATED_TASK = 'io.modelcontextprotocol/related-task';

/** Whether the answer to a tool call may be a task: the caller asked for one (2025-11-25), or takes one (2026-07-28). */
export function mayBecomeTask({ params }: Exclude<Message, { kind: 'response' }>): boolean {
  if (params['task'] !== undefined) return true;
  const meta = params['_meta'];
  const capabilities = isMembers(meta) ? meta[META_KEYS.clientCapabilities] : undefined;
  const extensions = isMembers(capabilities) ? capabilities['extensions'] : undefined;
  return isMembers(extensions) && Object.hasOwn(extensions, TASKS_EXTENSION);
}

/** Where a response names the task that it created, or that it is about. */
const IN_RESPONSE = [
  ['result', 'taskId'],
  ['result', 'task', 'taskId'],
] as const;
/** Where a notification and a question name the task that they are about. */
const IN_NOTICE = [['params', 'taskId']] as const;
/** Where any message names the task that it belongs to. */
const RELATED = [
  ['result', '_meta', RELATED_TASK, 'taskId'],
  ['params', '_meta', RELATED_TASK, 'taskId'],
] as const;

type Rename = (id: string) => string | undefined;

/** A response with other ids for tasks; what `rename` does not know stays, as do all other characters. */
export function renameTasksInResponse(text: string, rename: Rename): string {
  return renamed(text, [...IN_RESPONSE, ...RELATED], rename);
}

/** The same for every other message. */
export function renameTasksInNotice(text: string, rename: Rename): string {
  return renamed(text, [...IN_NOTICE, ...RELATED], rename);
}

function renamed(text: string, places: readonly (readonly string[])[], rename: Rename): string {
  const splices = places.flatMap((path): Splice[] => {
    const span = spanAt(text, path);
    const id = span === undefined ? undefined : stringOf(text, span);
    const other = id === undefined ? undefined : rename(id);
    return span === undefined || other === undefined ? [] : [{ ...span, text: JSON.stringify(other) }];
  });
  return splices.length === 0 ? text : splice(text, splices);
}
