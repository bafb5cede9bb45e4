import { type Command, type FlagSpec } from './command.ts';

const GLOBAL_FLAGS = [
  ['--debug', 'show the cause and stack of an error'],
  ['-h, --help', 'show this help'],
] as const;

/** Help of the program, of a group such as `access grant`, or of one command. */
export function programHelp(commands: readonly Command[]): string {
  return [
    'mcp-runtime runs, governs and audits MCP servers.',
    '',
    'usage: mcp-runtime COMMAND [flags]',
    '',
    ...commandLines(commands),
    '',
    'flags:',
    ...pad([...GLOBAL_FLAGS, ['--version', 'show the version']]),
    '',
    'start:  mcp-runtime up',
    'more:   mcp-runtime COMMAND --help',
    '',
  ].join('\n');
}

export function groupHelp(prefix: string, commands: readonly Command[]): string {
  return [`usage: mcp-runtime ${prefix} COMMAND [flags]`, '', ...commandLines(commands), ''].join('\n');
}

export function commandHelp(command: Command): string {
  return [
    command.summary,
    '',
    `usage: ${usageOf(command)}`,
    ...(command.description === undefined ? [] : ['', command.description]),
    ...section('arguments', pad(command.args.map((arg) => [arg.name, arg.summary]))),
    ...(command.rest === undefined ? [] : ['', `after --: ${command.rest}`]),
    ...section(
      'flags',
      pad([
        ...Object.entries(command.flags).map(([name, flag]) => [flagName(name, flag), flagText(flag)] as const),
        ...GLOBAL_FLAGS,
      ]),
    ),
    ...section(
      'examples',
      command.examples.map((example) => `  ${example}`),
    ),
    '',
  ].join('\n');
}

/** The command line in general: `mcp-runtime server get NAME [flags]`. */
export function usageOf(command: Command): string {
  const args = command.args.map((arg) =>
    arg.required === 'yes' ? arg.name : `[${arg.name}${arg.required === 'rest' ? '…' : ''}]`,
  );
  const rest = command.rest === undefined ? [] : ['[-- …]'];
  return ['mcp-runtime', command.path, ...args, '[flags]', ...rest].join(' ');
}

function commandLines(commands: readonly Command[]): readonly string[] {
  return pad(commands.map((command) => [command.path, command.summary]));
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines];
}

function pad(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}

/** `-f, --file PATH`. */
export function flagName(name: string, flag: FlagSpec): string {
  const short = flag.short === undefined ? '' : `-${flag.short}, `;
  const value = flag.type === 'switch' ? '' : ` ${flag.placeholder ?? (flag.type === 'number' ? 'N' : 'TEXT')}`;
  return `${short}--${name}${value}`;
}

/** The summary, with what is allowed and the default. */
export function flagText(flag: FlagSpec): string {
  const notes = [
    ...(flag.type === 'texts' ? ['may be repeated'] : []),
    ...(flag.values === undefined ? [] : [`one of ${flag.values.join(', ')}`]),
    ...(flag.default === undefined ? [] : [`default ${flag.default}`]),
  ];
  return notes.length === 0 ? flag.summary : `${flag.summary} (${notes.join('; ')})`;
}
