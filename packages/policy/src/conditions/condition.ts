import { type Identity } from '../request.ts';
import { type TypeLine, typesOf } from './argument-types.ts';
import { argumentValues } from './argument-values.ts';
import { faultInTypes } from './check-types.ts';
import { type ArgumentPath, readExpression } from './expression.ts';

/** `error`: the expression has no value for these arguments, or is at fault itself. It never helps a caller. */
export type ConditionOutcome = 'holds' | 'fails' | 'error';

export interface ConditionInput {
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly identity: Identity;
}

/** A condition on the arguments of a call, compiled. */
export interface Condition {
  readonly text: string;
  /** What is wrong with it: then it is an error for every call. */
  readonly fault: string | undefined;
  /** Never throws; what it costs is bounded by the expression and its input. */
  readonly test: (input: ConditionInput) => ConditionOutcome;
  /** The arguments that it names, each with the kind of value that is there: no value itself. */
  readonly saw: (input: ConditionInput) => string;
}

/** Compiles a condition for arguments of those types. */
export function compileCondition(text: string, types: readonly TypeLine[] | undefined): Condition {
  const key = `${text}\0${JSON.stringify(types ?? [])}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  if (compiled.size >= MAX_REMEMBERED) compiled.clear();
  const made = compile(text, types);
  compiled.set(key, made);
  return made;
}

/** Compiling is pure and a document holds the same conditions as the one before it: they are kept. */
const compiled = new Map<string, Condition>();
const MAX_REMEMBERED = 4096;

function compile(text: string, lines: readonly TypeLine[] | undefined): Condition {
  const read = readExpression(text);
  if (!read.ok) return faulty(text, read.fault);
  const { run, paths, loops } = read.expression;
  const types = typesOf(lines);
  const fault = faultInTypes(read.expression, types);
  if (fault !== undefined) return faulty(text, fault);
  const wanted = { names: [...new Set(paths.map(([name = '']) => name))], types, loops };
  return {
    text,
    fault: undefined,
    test: (input) => {
      try {
        const identity = new Map(Object.entries(input.identity));
        const value: unknown = run({ arguments: argumentValues(input.arguments, wanted), identity });
        return value === true ? 'holds' : value === false ? 'fails' : 'error';
      } catch {
        return 'error';
      }
    },
    saw: ({ arguments: given }) => [...new Set(paths.map((path) => shown(path, given)))].join(', '),
  };
}

function faulty(text: string, fault: string): Condition {
  return { text, fault, test: () => 'error', saw: () => fault };
}

function shown(path: ArgumentPath, given: unknown): string {
  let at = given;
  for (const name of path) at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  return `arguments.${path.join('.')} is ${kindOf(at)}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'absent';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
