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
  const differs = (of: NotedList, probes: Iterable<string>): boolean => {
    const saw = isVisible(before.policy, identity, before.now, of);
    const sees = isVisible(after.policy, identity, after.now, of);
    for (const probe of probes) if (saw(probe) !== sees(probe)) return true;
    return false;
  };
  if (isAlike(identity, before, after)) {
    return differs('tools', changedTools(before.policy, after.policy)) ? ['tools'] : [];
  }
  const grants = [before, after].flatMap(({ policy }) => policy.grants.matching(identity));
  const probes: Readonly<Record<NotedList, Iterable<string>>> = {
    tools: toolsToTry(grants, before.policy, after.policy),
    prompts: [...grants.flatMap((grant) => [...grant.prompts.keys()]), NOT_NAMED],
    resources: [
      ...grants.flatMap((grant) => grant.resources.flatMap(({ text }) => [text, text + NOT_NAMED, text + CLIMBING])),
      NOT_NAMED,
    ],
  };
  return (['tools', 'prompts', 'resources'] as const).filter((of) => differs(of, probes[of]));
}

/** No name has it. It stands for all names that no rule names, and after a text for all URIs that begin with it. */
const NOT_NAMED = '\0';
/** A URI that leaves where it begins is under no prefix. */
const CLIMBING = `/../${NOT_NAMED}`;

/** Tools that rules name, those that changed, and one of each kind of the others, since all of a kind are decided alike. */
function* toolsToTry(grants: readonly Grant[], before: Policy, after: Policy): Iterable<string> {
  const named = new Set(grants.flatMap((grant) => [...grant.tools.keys()]));
  yield* named;
  yield* changedTools(before, after);
  yield NOT_NAMED;
  if (settingsOf(before) !== settingsOf(after)) yield* after.tools.keys();
  else for (const names of kindsOf(after)) yield names.find((name) => !named.has(name)) ?? NOT_NAMED;
}

const kinds = new WeakMap<Policy, readonly (readonly string[])[]>();

/** The tools of a policy by what decides about them besides their names. */
function kindsOf(policy: Policy): readonly (readonly string[])[] {
  const known = kinds.get(policy);
  if (known !== undefined) return known;
  const byKind = Map.groupBy(policy.tools, ([, { requiredTrust, sideEffect, risk }]) =>
    [requiredTrust, sideEffect, risk].join(' '),
  );
  const names = [...byKind.values()].map((tools) => tools.map(([name]) => name));
  kinds.set(policy, names);
  return names;
}

const changes = new WeakMap<Policy, { readonly before: Policy; readonly names: readonly string[] }>();

/** Tools that are new or gone, or of which the document says something else: the same for every caller. */
function changedTools(before: Policy, after: Policy): readonly string[] {
  if (before === after) return [];
  const known = changes.get(after);
  if (known?.before === before) return known.names;
  const [was, is] = [toolTexts(before), toolTexts(after)];
  const names = [...new Set([...was.keys(), ...is.keys()])].filter((name) => was.get(name) !== is.get(name));
  changes.set(after, { before, names });
  return names;
}

/** The first of a name counts. */
function toolTexts({ document }: Policy): ReadonlyMap<string, string> {
  return new Map((document.tools ?? []).toReversed().map((tool) => [tool.name, JSON.stringify(tool)]));
}

/** A look that is much cheaper than trying: whether nothing that decides about this caller is another, but for the tools. */
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

/** All that a document says but for its tools and who may do what. */
function settingsOf(policy: Policy): string {
  const known = settings.get(policy);
  if (known !== undefined) return known;
  const {
    revision: _revision,
    generated_at: _at,
    tools: _tools,
    grants: _grants,
    sessions: _sessions,
    ...rest
  } = policy.document;
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
