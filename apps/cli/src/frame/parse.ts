import { AppError } from '@mcp-runtime/api/errors';
import { nearest } from '@mcp-runtime/base/nearest';
import { type ArgSpec, type FlagSpec, type FlagSpecs, type FlagValues } from './command.ts';

/** The words of one command line after the command's own words. */
export interface Words {
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly args: readonly string[];
  readonly rest: readonly string[];
}

/** Splits words into flags, arguments and what follows `--`. @throws AppError `usage`. */
export function splitWords(words: readonly string[], specs: FlagSpecs): Words {
  const flags = new Map<string, string[]>();
  const args: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') return { flags, args, rest: words.slice(at + 1) };
    if (!word.startsWith('-') || word === '-') {
      args.push(word);
      continue;
    }
    const { name, spec, inline } = findFlag(word, specs);
    const takesNext = spec.type !== 'switch' && inline === undefined;
    const value = spec.type === 'switch' ? (inline ?? 'true') : (inline ?? words[at + 1]);
    if (value === undefined) throw usage(`flag --${name} needs a value`);
    if (takesNext) at += 1;
    flags.set(name, [...(flags.get(name) ?? []), value]);
  }
  return { flags, args, rest: [] };
}

function findFlag(word: string, specs: FlagSpecs): { name: string; spec: FlagSpec; inline: string | undefined } {
  const equals = word.indexOf('=');
  const written = equals === -1 ? word : word.slice(0, equals);
  const inline = equals === -1 ? undefined : word.slice(equals + 1);
  const name = written.startsWith('--')
    ? written.slice(2)
    : Object.keys(specs).find((key) => specs[key]?.short === written.slice(1));
  const spec = name !== undefined && Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (name !== undefined && spec !== undefined) return { name, spec, inline };
  const near = nearest(
    written,
    Object.keys(specs).map((key) => `--${key}`),
  );
  throw usage(`unknown flag \`${written}\`${near === undefined ? '' : `, did you mean \`${near}\``}`);
}

/** Typed values of the flags. @throws AppError `usage` naming the flag, what was found and what is allowed. */
export function flagValues<S extends FlagSpecs>(specs: S, given: Words['flags']): FlagValues<S> {
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs)) values[name] = flagValue(name, spec, given.get(name) ?? []);
  // Each member was computed from its own spec just above, which a mapped type cannot be told.
  // oxlint-disable-next-line no-unsafe-type-assertion
  return values as FlagValues<S>;
}

function flagValue(name: string, spec: FlagSpec, given: readonly string[]): unknown {
  for (const value of given) checkValue(name, spec, value);
  if (spec.type === 'texts') return given;
  if (given.length > 1) throw usage(`flag --${name} is given ${given.length} times, once is allowed`);
  const value = given[0];
  if (spec.type === 'switch') return value === 'true';
  if (value === undefined) return spec.default;
  return spec.type === 'number' ? Number(value) : value;
}

function checkValue(name: string, spec: FlagSpec, value: string): void {
  if (spec.values !== undefined && !spec.values.includes(value)) {
    throw usage(`flag --${name}: found \`${value}\`, allowed: ${spec.values.join(', ')}`);
  }
  if (spec.type === 'number' && !/^\d{1,15}$/.test(value)) {
    throw usage(`flag --${name}: found \`${value}\`, allowed: a whole number`);
  }
  if (spec.type === 'switch' && value !== 'true' && value !== 'false') {
    throw usage(`flag --${name}: found \`${value}\`, allowed: true, false`);
  }
}

/** @throws AppError `usage` when an argument is missing or there is one too many. */
export function checkArgs(specs: readonly ArgSpec[], args: readonly string[]): void {
  const missing = specs.find((spec, index) => spec.required === 'yes' && args[index] === undefined);
  if (missing !== undefined) throw usage(`argument ${missing.name} is missing: ${missing.summary}`);
  const takesRest = specs.at(-1)?.required === 'rest';
  const extra = takesRest ? undefined : args[specs.length];
  if (extra !== undefined) throw usage(`unexpected argument \`${extra}\``);
}

function usage(message: string): AppError {
  return new AppError('usage', message);
}
