import { AppError, asAppError, toExitCode } from '@mcp-runtime/api/errors';
import { nearest } from '@mcp-runtime/base/nearest';
import { type Command, type CommandIo, type FlagSpecs, type FlagValues, type Printed } from './command.ts';
import { commandHelp, groupHelp, programHelp } from './help.ts';
import { type Words, checkArgs, flagValues, splitWords } from './parse.ts';
import { OUTPUT_FORMATS, type OutputFormat, isOutputFormat, printable, render } from './print.ts';

const OUTPUT_FLAG = {
  output: {
    type: 'text',
    short: 'o',
    summary: 'form of the result',
    values: OUTPUT_FORMATS,
    default: 'table',
    placeholder: 'FORM',
  },
} as const satisfies FlagSpecs;

/** Commands that define `output` themselves keep their own. */
export function withOutputFlag(command: Command): Command {
  if (command.prints === 'plain' || Object.hasOwn(command.flags, 'output')) return command;
  return { ...command, flags: { ...command.flags, ...OUTPUT_FLAG } };
}

/** Runs one command line. Resolves with the exit status; never throws. */
export async function runProgram(
  commands: readonly Command[],
  words: readonly string[],
  io: CommandIo,
): Promise<number> {
  const wantsDebug = words.includes('--debug');
  try {
    return await dispatch(commands, beforeRest(words, '--debug'), io);
  } catch (error) {
    return reportError(error, wantsDebug ? 'debug' : 'short', io);
  }
}

async function dispatch(commands: readonly Command[], given: readonly string[], io: CommandIo): Promise<number> {
  // `help server list` is `server list --help`.
  const words = given[0] === 'help' ? [...given.slice(1), '--help'] : given;
  const found = findCommand(commands, words);
  if (found === undefined) return helpOrUnknown(commands, words, io);
  const { command, after } = found;
  if (wantsHelp(after)) {
    io.stdout.write(commandHelp(command));
    return 0;
  }
  const { flags, args, rest } = checkedWords(command, after);
  const parse = <S extends FlagSpecs>(specs: S): FlagValues<S> => flagValues(specs, flags);
  const printed = await command.execute(parse, { args, rest, io });
  return printed === undefined ? 0 : await print(printed, formatOf(command, flags), io);
}

/** @throws AppError `usage`, which points to the help of the command. */
function checkedWords(command: Command, words: readonly string[]): Words {
  try {
    const split = splitWords(words, command.flags);
    checkArgs(command.args, split.args);
    if (command.rest === undefined && split.rest.length > 0)
      throw new AppError('usage', 'nothing may follow `--` here');
    // Those too that only the frame reads, such as --output.
    flagValues(command.flags, split.flags);
    return split;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(error.code, error.message, { next: `mcp-runtime ${command.path} --help` });
  }
}

async function print(printed: Printed, format: OutputFormat, io: CommandIo): Promise<number> {
  io.stdout.write(await render(printed, format));
  return printed.failure === undefined ? 0 : reportError(printed.failure, 'short', io);
}

function formatOf(command: Command, flags: ReadonlyMap<string, readonly string[]>): OutputFormat {
  const asked = flags.get('output')?.[0] ?? '';
  return command.prints === 'data' && isOutputFormat(asked) ? asked : 'table';
}

function findCommand(
  commands: readonly Command[],
  words: readonly string[],
): { command: Command; after: readonly string[] } | undefined {
  const matches = commands.filter((command) => command.path.split(' ').every((word, index) => words[index] === word));
  const longest = matches.toSorted((a, b) => b.path.length - a.path.length)[0];
  return longest && { command: longest, after: words.slice(longest.path.split(' ').length) };
}

function helpOrUnknown(commands: readonly Command[], words: readonly string[], io: CommandIo): number {
  // `server help` is `server --help`.
  const asksForHelp = words.length === 0 || wantsHelp(words) || words.at(-1) === 'help';
  const plain = words.filter((word) => !word.startsWith('-') && word !== 'help');
  const group = plain.join(' ');
  const inGroup = commands.filter((command) => group !== '' && command.path.startsWith(`${group} `));
  if (group === '' && asksForHelp) io.stdout.write(programHelp(commands));
  else if (inGroup.length > 0) io.stdout.write(groupHelp(group, inGroup));
  else throw plain.length > 0 ? unknownCommand(commands, plain) : unknownFlag(words);
  return asksForHelp ? 0 : 64;
}

function unknownCommand(commands: readonly Command[], plain: readonly string[]): AppError {
  const written = plain.slice(0, 3).join(' ');
  const near =
    nearest(
      written,
      commands.map((command) => command.path),
    ) ??
    nearest(
      plain[0] ?? '',
      commands.map((command) => command.path.split(' ')[0] ?? ''),
    );
  return new AppError('usage', `unknown command \`${written}\``, {
    next: near === undefined ? 'mcp-runtime --help' : `mcp-runtime ${near} --help`,
  });
}

function unknownFlag(words: readonly string[]): AppError {
  return new AppError('usage', `unknown flag \`${words[0] ?? ''}\``, { next: 'mcp-runtime --help' });
}

function wantsHelp(words: readonly string[]): boolean {
  const own = beforeDoubleDash(words);
  return own.includes('--help') || own.includes('-h');
}

function beforeDoubleDash(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--');
  return end === -1 ? words : words.slice(0, end);
}

function beforeRest(words: readonly string[], dropped: string): readonly string[] {
  const own = beforeDoubleDash(words);
  return [...own.filter((word) => word !== dropped), ...words.slice(own.length)];
}

/** Three parts: what failed, why, what to do next. */
function reportError(error: unknown, detail: 'short' | 'debug', io: CommandIo): number {
  const known = asAppError(error);
  const [what = '', ...more] = known.message.split('\n').map(printable);
  io.stderr.write([`error: ${what} (${known.code})`, ...more].join('\n       ').concat('\n'));
  const why = causeText(known);
  if (why !== undefined) io.stderr.write(`why:   ${printable(why)}\n`);
  const next =
    known.next ??
    (known.code === 'internal' ? 'run the command again with --debug and report what it prints' : undefined);
  if (next !== undefined) io.stderr.write(`next:  ${printable(next)}\n`);
  if (detail === 'debug')
    io.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${stackOfCause(known)}`,
    );
  return toExitCode(known);
}

function causeText({ code, cause }: AppError): string | undefined {
  return cause instanceof Error && code !== 'internal' ? cause.message : undefined;
}

function stackOfCause({ cause }: AppError): string {
  return cause instanceof Error ? `caused by ${cause.stack ?? cause.message}\n` : '';
}
