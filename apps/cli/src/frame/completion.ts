import { type Command } from './command.ts';

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

/** Candidates for the last of `words`, one a line: sub-commands, flags, or values of a flag. */
export function complete(commands: readonly Command[], words: readonly string[]): readonly string[] {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const plain = before.filter((word) => !word.startsWith('-'));
  const command = commands.find((candidate) => startsWithWords(plain, candidate.path.split(' ')));
  if (command === undefined) return nextWords(commands, plain).filter((word) => word.startsWith(current));
  const previous = before.at(-1) ?? '';
  const flag = previous.startsWith('--') ? command.flags[previous.slice(2)] : undefined;
  if (flag?.values !== undefined) return flag.values.filter((value) => value.startsWith(current));
  const flags = Object.keys(command.flags).map((name) => `--${name}`);
  return current.startsWith('-') ? flags.filter((name) => name.startsWith(current)) : [];
}

function nextWords(commands: readonly Command[], before: readonly string[]): readonly string[] {
  const paths = commands.map((command) => command.path.split(' ')).filter((path) => startsWithWords(path, before));
  return [...new Set(paths.map((path) => path[before.length] ?? ''))].filter((word) => word !== '');
}

function startsWithWords(words: readonly string[], beginning: readonly string[]): boolean {
  return beginning.every((word, index) => words[index] === word);
}
