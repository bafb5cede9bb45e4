import { type ListedKind } from '@mcp-runtime/api';
import { memberText, withMembers } from './json-edit.ts';
import { readJson } from './json-text.ts';
import { type Splice, spanAt, splice } from './splice.ts';

type Notified = Exclude<ListedKind, 'templates'>;

/** What a server behind a gateway can do, to those who reach it through the gateway. */
export interface Reduced {
  /** Lists of which the caller hears when they change for it, whatever the server says. */
  readonly notified: (announced: readonly Notified[]) => readonly Notified[];
  /** Extensions that pass. */
  readonly passes: (extension: string) => boolean;
}

const LISTS: readonly Notified[] = ['tools', 'prompts', 'resources'];
const MAX_DEPTH = 128;

/**
 * The answer to `initialize` or `server/discover` with the capabilities that the caller has. Private for caches, since another
 * caller may have others (MCP 2026-07-28, "Caching"); every other byte stays. A text that is no such answer stays as it is.
 */
export function reduceCapabilities(text: string, reduced: Reduced): string {
  if (!readJson(text, { maxDepth: MAX_DEPTH }).ok) return text;
  const place = spanAt(text, ['result', 'capabilities']);
  if (place === undefined || text[place.start] !== '{') return text;
  const capabilities = text.slice(place.start, place.end);
  const changes = {
    ...listChanges(capabilities, reduced),
    ...taskChanges(capabilities),
    ...extensionChanges(capabilities, reduced),
  };
  const scope = spanAt(text, ['result', 'cacheScope']);
  const splices: Splice[] = scope === undefined ? [] : [{ ...scope, text: '"private"' }];
  if (Object.keys(changes).length > 0) splices.push({ ...place, text: withMembers(capabilities, changes) });
  return splice(text, splices);
}

type Changes = Readonly<Record<string, string | undefined>>;

function listChanges(capabilities: string, { notified }: Reduced): Changes {
  const offered = LISTS.filter((list) => memberText(capabilities, list)?.startsWith('{') === true);
  const isAnnounced = (list: Notified): boolean =>
    memberText(memberText(capabilities, list) ?? '{}', 'listChanged') === 'true';
  const more = notified(offered.filter(isAnnounced)).filter((list) => offered.includes(list) && !isAnnounced(list));
  return Object.fromEntries(
    more.map((list) => [list, withMembers(memberText(capabilities, list) ?? '{}', { listChanged: 'true' })]),
  );
}

/** Nobody lists tasks through a gateway: see `targetOf`. */
function taskChanges(capabilities: string): Changes {
  const tasks = memberText(capabilities, 'tasks');
  if (tasks === undefined || memberText(tasks, 'list') === undefined) return {};
  return { tasks: withMembers(tasks, { list: undefined }) };
}

function extensionChanges(capabilities: string, { passes }: Reduced): Changes {
  const extensions = memberText(capabilities, 'extensions');
  const named: unknown = extensions === undefined ? undefined : JSON.parse(extensions);
  const refused = Object.keys(named ?? {}).filter((name) => !passes(name));
  if (extensions === undefined || refused.length === 0) return {};
  return { extensions: withMembers(extensions, Object.fromEntries(refused.map((name) => [name, undefined]))) };
}
