import { type Command, type Named } from './command.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The completion script of a shell: it asks `mcp-runtime __complete WORDS…` for the candidates. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_mcp_runtime() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(mcp-runtime __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _mcp_runtime mcp-runtime
`,
  zsh: `#compdef mcp-runtime
_mcp_runtime() {
  local -a candidates
  candidates=("\${(@f)$(mcp-runtime __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -- $candidates || _files
}
compdef _mcp_runtime mcp-runtime
`,
  fish: `complete -c mcp-runtime -a '(mcp-runtime __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};

/** What may stand in place of the last word. */
export interface Candidates {
  readonly words: readonly string[];
  /** Names that the platform API knows belong there too; of one namespace where it was given. */
  readonly names?: { readonly of: Named; readonly flags: ReadonlyMap<string, string> };
}

/** Candidates for the last of `words`: sub-commands, flags, values of a flag, names of objects. Pure. */
export function complete(commands: readonly Command[], words: readonly string[]): Candidates {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const plain = before.filter((word) => !word.startsWith('-'));
  const command = commands
    .filter((candidate) => startsWithWords(plain, candidate.path.split(' ')))
    .toSorted((a, b) => b.path.length - a.path.length)[0];
  if (command === undefined) return { words: beginning(current, nextWords(commands, plain)) };
  const { args, flags, open } = readWords(command, before.slice(command.path.split(' ').length));
  const place = open === undefined ? command.args[args] : command.flags[open];
  if (open === undefined && current.startsWith('-')) return { words: beginning(current, flagWords(command)) };
  const found = { words: beginning(current, place?.values ?? []) };
  return place?.names === undefined ? found : { ...found, names: { of: place.names, flags } };
}

function beginning(current: string, words: readonly string[]): readonly string[] {
  return words.filter((word) => word.startsWith(current));
}

function flagWords(command: Command): readonly string[] {
  return [...Object.keys(command.flags), 'debug', 'help'].map((name) => `--${name}`);
}

interface Read {
  /** How many arguments are there already. */
  readonly args: number;
  readonly flags: ReadonlyMap<string, string>;
  /** The flag whose value comes next. */
  readonly open: string | undefined;
}

/** Words of a line that is not finished yet, and may be wrong. */
function readWords(command: Command, words: readonly string[]): Read {
  const flags = new Map<string, string>();
  let args = 0;
  let open: string | undefined;
  for (const word of words) {
    if (open !== undefined) flags.set(open, word);
    else if (!word.startsWith('-')) args += 1;
    open = open === undefined ? valueFlag(command, word) : undefined;
  }
  return { args, flags, open };
}

function valueFlag({ flags }: Command, word: string): string | undefined {
  return Object.keys(flags).find(
    (name) => flags[name]?.type !== 'switch' && (word === `--${name}` || word === `-${flags[name]?.short}`),
  );
}

function nextWords(commands: readonly Command[], before: readonly string[]): readonly string[] {
  const paths = commands.map((command) => command.path.split(' ')).filter((path) => startsWithWords(path, before));
  return [...new Set(paths.map((path) => path[before.length] ?? ''))].filter((word) => word !== '');
}

function startsWithWords(words: readonly string[], beginning: readonly string[]): boolean {
  return beginning.every((word, index) => words[index] === word);
}
