import { type ListedKind } from '@mcp-runtime/api';
import { type Policy } from './compile.ts';
import { isVisible } from './evaluate.ts';
import { type Identity } from './request.ts';
import { hasBoundary } from './visible-lists.ts';

/** What one caller sees of one kind of list, as far as it was asked. */
interface Seen {
  /** Milliseconds since the epoch: the moment of the decisions. */
  readonly at: number;
  readonly items: Map<string, boolean>;
}

const MOST_CALLERS = 32;
const MOST_ITEMS = 2048;
const LONGEST_NAME = 256;
const seen = new WeakMap<Policy, Map<string, Seen>>();

/**
 * `isVisible` for whole lists: clients ask for the same list again and again, and nothing but another policy, or a grant or
 * session that begins or ends, changes what they see of it. Remembers a bounded number of callers and items.
 */
export function seesItems(
  policy: Policy,
  identity: Identity,
  now: number,
  of: ListedKind,
): (nameOrUri: string) => boolean {
  const decide = isVisible(policy, identity, now, of);
  const { items } = recall(policy, keyOf(identity, of), now);
  return (nameOrUri) => {
    const known = items.get(nameOrUri);
    if (known !== undefined) return known;
    const visible = decide(nameOrUri);
    if (items.size < MOST_ITEMS && nameOrUri.length <= LONGEST_NAME) items.set(nameOrUri, visible);
    return visible;
  };
}

function recall(policy: Policy, key: string, now: number): Seen {
  const callers = seen.get(policy) ?? new Map<string, Seen>();
  seen.set(policy, callers);
  const known = callers.get(key);
  // Requests carry the time of their start, so that a later one may have been asked before.
  if (known !== undefined && !hasBoundary(policy, Math.min(known.at, now), Math.max(known.at, now))) return known;
  const fresh: Seen = { at: now, items: new Map() };
  callers.delete(key);
  if (callers.size >= MOST_CALLERS) callers.delete(callers.keys().next().value ?? '');
  callers.set(key, fresh);
  return fresh;
}

function keyOf({ human, agent, team, session, sessionNamespace }: Identity, of: ListedKind): string {
  return JSON.stringify([of, human, agent, team, session, sessionNamespace]);
}
