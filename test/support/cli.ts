import assert from 'node:assert/strict';
import { type ProgramOptions, startProgram } from './program.ts';

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface CliOptions extends ProgramOptions {
  readonly dataDir: string;
}

/** Runs one command line against the runtime of a data folder. */
export async function cli(words: readonly string[], { dataDir, ...options }: CliOptions): Promise<Ran> {
  const env = { ...options.env, MCP_RUNTIME_DATA_DIR: dataDir };
  const program = await startProgram(words, { ...options, env });
  const { status } = await program.exited;
  return { status, stdout: program.stdout(), stderr: program.stderr() };
}

/** The same, for a command that has to succeed. Returns its standard output. */
export async function cliText(words: readonly string[], options: CliOptions): Promise<string> {
  const { status, stdout, stderr } = await cli(words, options);
  assert.equal(status, 0, `mcp-runtime ${words.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/** The same, with `--output json`. */
export async function cliJson(words: readonly string[], options: CliOptions): Promise<unknown> {
  return JSON.parse(await cliText([...words, '--output', 'json'], options));
}

export function sessionToken(session: string, options: CliOptions): Promise<string> {
  return cliText(['access', 'session', 'token', session], options).then((token) => token.trim());
}
