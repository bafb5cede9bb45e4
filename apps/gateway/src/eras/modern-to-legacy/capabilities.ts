import { memberText, withMembers } from '@mcp-runtime/mcp';
import { type ClientCapabilities } from './modern-call.ts';

const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

/**
 * What a caller can do, as a legacy server is told. Without tasks, which are not carried; without changes of roots, since a
 * caller of MCP 2026-07-28 does not tell of any.
 */
export function legacyClientCapabilities(capabilities: string): string {
  const roots = memberText(capabilities, 'roots');
  return withMembers(capabilities, {
    tasks: undefined,
    extensions: withoutTasks(memberText(capabilities, 'extensions')),
    ...(roots?.startsWith('{') === true ? { roots: withMembers(roots, { listChanged: undefined }) } : {}),
  });
}

/** What a legacy server can do, as a caller is told: all but what is not carried. */
export function modernServerCapabilities(capabilities: string): string {
  return withMembers(capabilities, {
    tasks: undefined,
    extensions: withoutTasks(memberText(capabilities, 'extensions')),
  });
}

function withoutTasks(extensions: string | undefined): string | undefined {
  const left = extensions?.startsWith('{') === true ? withMembers(extensions, { [TASKS_EXTENSION]: undefined }) : '{}';
  return left === '{}' ? undefined : left;
}

/** Whether a caller who declared those capabilities can be asked that (MCP 2026-07-28, "Multi round-trip requests"). */
export function canBeAsked(capabilities: ClientCapabilities, method: string, params: string): boolean {
  if (method === 'roots/list') return has(capabilities, 'roots');
  if (method === 'sampling/createMessage') {
    const wantsTools = memberText(params, 'tools') !== undefined || memberText(params, 'toolChoice') !== undefined;
    return has(capabilities, 'sampling') && (!wantsTools || has(capabilities['sampling'], 'tools'));
  }
  if (method !== 'elicitation/create') return false;
  const { elicitation } = capabilities;
  if (memberText(params, 'mode') === '"url"') return has(elicitation, 'url');
  // Without a mode it means forms alone.
  return has(capabilities, 'elicitation') && (has(elicitation, 'form') || !has(elicitation, 'url'));
}

/** Whether the caller can be asked anything at all. */
export function canAnswer(capabilities: ClientCapabilities): boolean {
  return ['roots', 'sampling', 'elicitation'].some((name) => has(capabilities, name));
}

function has(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name);
}
