import { AppError } from '@mcp-runtime/api';
import { type FieldPath, FieldSet, fieldText, valueAt } from './fields.ts';
import { type JsonObject, equalJson, isJsonObject, without } from './json.ts';
import { type FieldOwner } from './ownership.ts';

interface ApplyInput {
  /** Content of the object as it is; empty when there is none. */
  readonly live: JsonObject;
  readonly owners: readonly FieldOwner[];
  /** Content that the manager wants. */
  readonly config: JsonObject;
  readonly manager: string;
  readonly force: 'force' | undefined;
}

interface ApplyResult {
  readonly content: JsonObject;
  readonly owners: readonly FieldOwner[];
}

/**
 * Server-side apply without a schema: objects are merged field by field, everything else is atomic.
 * @throws AppError `conflict`
 */
export function mergeApplied({ live, owners, config, manager, force }: ApplyInput): ApplyResult {
  const isApplier = (owner: FieldOwner): boolean =>
    owner.manager === manager && owner.operation === 'Apply' && owner.subresource === undefined;
  const owned = owners.find(isApplier)?.fields ?? new FieldSet();
  const before = owners.filter((owner) => !isApplier(owner));
  if (force === undefined) rejectDisputes(before, live, config);

  const others = before.map((owner) => ({
    ...owner,
    fields: owner.fields.filter((path) => !isDisputed(path, live, config)),
  }));
  const fields = FieldSet.leavesOf(config);
  const after: readonly FieldOwner[] = [...others, { manager, operation: 'Apply', subresource: undefined, fields }];

  const isOwned = (path: FieldPath): boolean => after.some((owner) => owner.fields.hasAtOrBelow(path));
  const dropped = [...owned].filter((path) => !isOwned(path));
  const content = dropped.reduce((left, path) => removeField(left, highestUnowned(path, isOwned)), merge(live, config));
  return { content, owners: after };
}

function rejectDisputes(others: readonly FieldOwner[], live: JsonObject, config: JsonObject): void {
  const disputes = others.flatMap(({ manager, fields }) =>
    Array.from(
      fields.filter((path) => isDisputed(path, live, config)),
      (path) => `\`${fieldText(path)}\` is owned by \`${manager}\``,
    ),
  );
  if (disputes.length === 0) return;
  throw new AppError('conflict', disputes.join(', '), {
    next: 'leave the fields out, or take them over with --force-conflicts',
  });
}

/** Whether `config` changes or replaces what another manager set at `path`. */
function isDisputed(path: FieldPath, live: JsonObject, config: JsonObject): boolean {
  const theirs = valueAt(live, path);
  if (theirs === undefined) return false;
  let mine: unknown = config;
  for (const name of path) {
    if (!isJsonObject(mine)) return true;
    if (!Object.hasOwn(mine, name)) return false;
    mine = mine[name];
  }
  return !(isJsonObject(mine) && isJsonObject(theirs)) && !equalJson(mine, theirs);
}

function merge(live: JsonObject, config: JsonObject): JsonObject {
  const wanted = Object.entries(config).map(([name, value]) => {
    const before = Object.hasOwn(live, name) ? live[name] : undefined;
    return [name, isJsonObject(before) && isJsonObject(value) ? merge(before, value) : value] as const;
  });
  return Object.fromEntries([...Object.entries(live), ...wanted]);
}

/** What nobody owns below an object that nobody owns are the defaults of its schema: they go with it. */
function highestUnowned(path: FieldPath, isOwned: (path: FieldPath) => boolean): FieldPath {
  const above = path.map((_, index) => path.slice(0, index + 1));
  return above.find((ancestor) => !isOwned(ancestor)) ?? path;
}

function removeField(object: JsonObject, [name = '', ...below]: FieldPath): JsonObject {
  if (below.length === 0) return without(object, name);
  const child = Object.hasOwn(object, name) ? object[name] : undefined;
  return isJsonObject(child) ? { ...object, [name]: removeField(child, below) } : object;
}
