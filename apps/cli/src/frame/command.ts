import { type AppError } from '@mcp-runtime/api/errors';

/** One flag. `text` takes a value, `texts` may be repeated, `number` is a whole number, `switch` takes none. */
export interface FlagSpec {
  readonly type: 'text' | 'texts' | 'number' | 'switch';
  readonly summary: string;
  /** Shown in help, such as `FILE`. */
  readonly placeholder?: string;
  readonly short?: string;
  readonly default?: string | number;
  /** The values that are allowed. */
  readonly values?: readonly string[];
  /** Whose names a shell offers for it. */
  readonly names?: Named;
}

/** What a shell can ask the platform API for the names of. */
export type Named = 'server' | 'grant' | 'session' | 'namespace';

export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

type FlagValue<F extends FlagSpec> = F['type'] extends 'switch'
  ? boolean
  : F['type'] extends 'texts'
    ? readonly string[]
    : F['type'] extends 'number'
      ? number | (F extends { default: number } ? never : undefined)
      : string | (F extends { default: string } ? never : undefined);

export type FlagValues<S extends FlagSpecs> = { readonly [K in keyof S]: FlagValue<S[K]> };

/** Positional argument. An optional one has `required: 'no'`; the last may take the rest. */
export interface ArgSpec {
  readonly name: string;
  readonly summary: string;
  readonly required: 'yes' | 'no' | 'rest';
  /** Words that a shell offers for it. */
  readonly values?: readonly string[];
  /** Whose names a shell offers for it. */
  readonly names?: Named;
}

/** What a command sees of the world. */
export interface CommandIo {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: NodeJS.ReadableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborts when the user interrupts or the parent goes away. */
  readonly signal: AbortSignal;
}

export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
}

/** What an action is given. It names the flags that it reads; the command has them all. */
export interface Invocation<Flags> {
  readonly flags: Flags;
  readonly args: readonly string[];
  /** What followed `--`. */
  readonly rest: readonly string[];
  readonly io: CommandIo;
}

/** What a command that prints data returns: the data for machines, the table for people. */
export interface Printed {
  readonly data: unknown;
  /** For people: a table, or text as it is. */
  readonly table: Table | string;
  /** Exit status when not 0, such as that of a verification that failed. */
  readonly failure?: AppError;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Said in place of an empty table. */
  readonly empty?: string;
  /** A line below the table. */
  readonly note?: string;
}

type Run<S extends FlagSpecs> = (invocation: Invocation<FlagValues<S>>) => Promise<Printed | void>;

export interface CommandSpec<S extends FlagSpecs> {
  /** Words that call it, such as `access grant list`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly args?: readonly ArgSpec[];
  readonly flags: S;
  readonly examples: readonly string[];
  /** Says what may follow `--`; without it nothing may. */
  readonly rest?: string;
  /** `data` commands take `--output`; `plain` ones do not. */
  readonly prints: 'data' | 'plain';
  /** Loaded when the command runs, so that help and completion stay fast. */
  readonly load: () => Promise<{ readonly run: Run<S> }>;
}

/** A command with its flag types closed over: parse, then run. */
export interface Command {
  readonly path: string;
  readonly summary: string;
  readonly description: string | undefined;
  readonly args: readonly ArgSpec[];
  readonly flags: FlagSpecs;
  readonly examples: readonly string[];
  readonly rest: string | undefined;
  readonly prints: 'data' | 'plain';
  readonly execute: (parse: <S extends FlagSpecs>(flags: S) => FlagValues<S>, call: Call) => Promise<Printed | void>;
}

export interface Call {
  readonly args: readonly string[];
  readonly rest: readonly string[];
  readonly io: CommandIo;
}

export function defineCommand<const S extends FlagSpecs>(spec: CommandSpec<S>): Command {
  return {
    path: spec.path,
    summary: spec.summary,
    description: spec.description,
    args: spec.args ?? [],
    flags: spec.flags,
    examples: spec.examples,
    rest: spec.rest,
    prints: spec.prints,
    execute: async (parse, call) => {
      const flags = parse(spec.flags);
      const { run } = await spec.load();
      return run({ flags, ...call });
    },
  };
}
