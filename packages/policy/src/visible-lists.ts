import { type ListedKind } from '@mcp-runtime/api';
import { type Grant, type Policy } from './compile.ts';
import { isVisible } from './evaluate.ts';
import { isActive } from './fold.ts';
import { hasEnded, parseInstant } from './instant.ts';
import { type Identity } from './request.ts';

/** Lists that MCP has a notice for; a change of templates is one of resources. */
export type NotedList = Exclude<ListedKind, 'templates'>;

/** A policy as it is at a time: grants and sessions begin and end. */
export interface Moment {
  readonly policy: Policy;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The lists of which a caller sees something else at another moment. */
export function changedLists(identity: Identity, before: Moment, after: Moment): readonly NotedList[] {
  if (isAlike(identity, before, after)) return [];
  const grants = [before, after].flatMap(({ policy }) => policy.grants.matching(identity));
  const probes: Readonly<Record<NotedList, Iterable<string>>> = {
    tools: toolsToTry(grants, before.policy, after.policy),
    prompts: [...grants.flatMap((grant) => [...grant.prompts.keys()]), NOT_NAMED],
    resources: [
      ...grants.flatMap((grant) => grant.resources.flatMap(({ text }) => [text, text + NOT_NAMED, text + CLIMBING])),
      NOT_NAMED,
    ],
  };
  return (['tools', 'prompts', 'resources'] as const).filter((of) => {
    const saw = isVisible(before.policy, identity, before.now, of);
    const sees = isVisible(after.policy, identity, after.now, of);
    for (const probe of probes[of]) if (saw(probe) !== sees(probe)) return true;
    return false;
  });
}

/** No name has it. It stands for all names that no rule names, and after a text for all URIs that begin with it. */
const NOT_NAMED = '\0';
/** A URI that leaves where it begins is under no prefix. */
const CLIMBING = `/../${NOT_NAMED}`;

/** Tools that rules name, and one of each kind of the others, since all of a kind are decided alike. */
function toolsToTry(grants: readonly Grant[], before: Policy, after: Policy): Iterable<string> {
  const named = new Set(grants.flatMap((grant) => [...grant.tools.keys()]));
  if (settingsOf(before) !== settingsOf(after)) {
    return new Set([...named, ...before.tools.keys(), ...after.tools.keys(), NOT_NAMED]);
  }
  const kinds = new Map<string, string>();
  for (const [name, { requiredTrust, sideEffect, risk }] of after.tools) {
    if (!named.has(name)) kinds.set(`${requiredTrust} ${sideEffect} ${risk}`, name);
  }
  return [...named, ...kinds.values(), NOT_NAMED];
}

/** A look that is much cheaper than trying: whether anything that decides about this caller is another. */
function isAlike(identity: Identity, before: Moment, after: Moment): boolean {
  const [was, is] = [before.policy, after.policy];
  if (was !== is) {
    if (settingsOf(was) !== settingsOf(is)) return false;
    if (textOf(was, identity) !== textOf(is, identity)) return false;
  }
  const grants = is.grants.matching(identity);
  const sessions = is.sessions.get(identity.session) ?? [];
  return (
    grants.every((grant) => isActive(grant, before.now) === isActive(grant, after.now)) &&
    sessions.every(({ ends }) => hasEnded(ends, before.now) === hasEnded(ends, after.now))
  );
}

const settings = new WeakMap<Policy, string>();

/** All that a document says but for who may do what. */
function settingsOf(policy: Policy): string {
  const known = settings.get(policy);
  if (known !== undefined) return known;
  const { revision: _revision, generated_at: _at, grants: _grants, sessions: _sessions, ...rest } = policy.document;
  const text = JSON.stringify(rest);
  settings.set(policy, text);
  return text;
}

/** What a document says about one caller. */
function textOf(policy: Policy, identity: Identity): string {
  const grants = policy.grants.matching(identity).map(({ source }) => source);
  const sessions = (policy.sessions.get(identity.session) ?? []).map(({ source }) => source);
  return JSON.stringify([grants, sessions]);
}

/** Whether one resource may be readable to a caller and another not. */
export function readsVary(policy: Policy, identity: Identity): boolean {
  return policy.governs === 'all' && policy.grants.matching(identity).some(({ resources }) => resources.length > 0);
}

const boundaries = new WeakMap<Policy, readonly number[]>();

/** Whether a grant or a session begins or ends after `since`, up to `until`. */
export function hasBoundary(policy: Policy, since: number, until: number): boolean {
  const known = boundaries.get(policy) ?? boundariesOf(policy);
  boundaries.set(policy, known);
  let low = 0;
  let high = known.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((known[middle] ?? Number.POSITIVE_INFINITY) <= since) low = middle + 1;
    else high = middle;
  }
  return (known[low] ?? Number.POSITIVE_INFINITY) <= until;
}

function boundariesOf({ document }: Policy): readonly number[] {
  const texts = [
    ...(document.grants ?? []).flatMap(({ not_before: begins, expires_at: ends }) => [begins, ends]),
    ...(document.sessions ?? []).map(({ expires_at: ends }) => ends),
  ];
  const instants = texts.map((text) => (text === undefined ? undefined : parseInstant(text)));
  return instants.filter((instant) => instant !== undefined).toSorted((a, b) => a - b);
}
