import { type ArgumentType, type ObjectType, isMembers } from './argument-types.ts';

/** Bounds of what a condition looks at. Arguments that it does not name count for nothing. */
const BOUNDS = { values: 1024, items: 128, text: 64 * 1024 };
/** Where a part of the condition runs for each item of a list. */
const LOOP_BOUNDS = { values: 256, items: 64, text: 4 * 1024 };
const MAX_DEPTH = 16;

/** What is left of the bounds. */
interface Budget {
  values: number;
  text: number;
  readonly items: number;
}

/** Something that no value of CEL stands for, that has another type than declared, or that is too large. */
class UnusableArgument extends Error {}

interface Wanted {
  readonly names: readonly string[];
  readonly types: ObjectType | undefined;
  readonly loops: boolean;
}

/**
 * The named arguments as CEL has them: whole numbers as ints where the type says or allows so, objects as maps. Throws where
 * an argument is not of its type or beyond the bounds.
 */
export function argumentValues(
  given: Readonly<Record<string, unknown>>,
  { names, types, loops }: Wanted,
): ReadonlyMap<string, unknown> {
  const budget: Budget = { ...(loops ? LOOP_BOUNDS : BOUNDS) };
  const values = new Map<string, unknown>();
  for (const name of names) {
    if (!Object.hasOwn(given, name)) continue;
    values.set(name, converted(given[name], types?.fields.get(name) ?? { kind: 'dyn' }, budget, 0));
  }
  return values;
}

function converted(value: unknown, type: ArgumentType, budget: Budget, depth: number): unknown {
  budget.values -= 1;
  if (budget.values < 0 || depth > MAX_DEPTH) throw new UnusableArgument('too many values');
  switch (type.kind) {
    case 'string':
      return typeof value === 'string' ? text(value, budget) : mistyped();
    case 'bool':
      return typeof value === 'boolean' ? value : mistyped();
    case 'int':
      return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : mistyped();
    case 'double':
      return typeof value === 'number' ? value : mistyped();
    case 'list':
      return Array.isArray(value) ? listOf(value, type.of, budget, depth) : mistyped();
    case 'map':
      return isMembers(value) ? mapOf(value, () => ({ kind: 'dyn' }), budget, depth) : mistyped();
    case 'object':
      return isMembers(value) ? mapOf(value, (name) => type.fields.get(name), budget, depth) : mistyped();
    case 'dyn':
      return untyped(value, budget, depth);
  }
}

function untyped(value: unknown, budget: Budget, depth: number): unknown {
  if (typeof value === 'string') return text(value, budget);
  if (typeof value === 'number') return numberOf(value);
  if (typeof value === 'boolean' || value === null) return value;
  if (Array.isArray(value)) return listOf(value, { kind: 'dyn' }, budget, depth);
  return isMembers(value) ? mapOf(value, () => ({ kind: 'dyn' }), budget, depth) : mistyped();
}

/** A whole number beyond 2^53 is not the one that was sent, and the server may read that. */
function numberOf(value: number): bigint | number {
  if (!Number.isInteger(value)) return value;
  return Number.isSafeInteger(value) ? BigInt(value) : mistyped();
}

function text(value: string, budget: Budget): string {
  budget.text -= value.length;
  if (budget.text < 0) throw new UnusableArgument('too much text');
  return value;
}

function listOf(items: readonly unknown[], of: ArgumentType, budget: Budget, depth: number): readonly unknown[] {
  if (items.length > budget.items) throw new UnusableArgument('too many items');
  return items.map((item) => converted(item, of, budget, depth + 1));
}

/** Members that the type does not have are left out. */
function mapOf(
  members: Readonly<Record<string, unknown>>,
  typeOf: (name: string) => ArgumentType | undefined,
  budget: Budget,
  depth: number,
): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>();
  for (const [name, member] of Object.entries(members)) {
    const type = typeOf(name);
    if (type !== undefined) values.set(text(name, budget), converted(member, type, budget, depth + 1));
  }
  return values;
}

function mistyped(): never {
  throw new UnusableArgument('another type than declared');
}
