import { isAbsolute, resolve } from 'node:path';
import { AppError, Source } from '@mcp-runtime/api';
import { schemaFaults } from '@mcp-runtime/control-plane';
import { type CommandIo } from '../../../frame/command.ts';
import { newestNpmVersion, newestPypiVersion } from './newest-version.ts';

export interface SourceFlags {
  readonly npm: string | undefined;
  readonly pypi: string | undefined;
  readonly command: string | undefined;
  readonly url: string | undefined;
  readonly update: boolean;
}

interface Given {
  readonly flags: SourceFlags;
  /** Arguments for the server. */
  readonly args: readonly string[];
  /** What the server runs from now, if it exists. */
  readonly current: Source | undefined;
  readonly io: CommandIo;
}

const EXACT = /^[0-9][0-9A-Za-z.+!-]*$/;
/** Passes for any version while only the name is checked. */
const SOME_VERSION = '0.0.0';

/** What to run, with an exact version: what was looked at is what runs. @throws AppError `usage`, `not_found`, `install_failed`. */
export async function sourceOf(given: Given): Promise<Source> {
  const { flags, args } = given;
  const kinds = (['npm', 'pypi', 'command', 'url'] as const).filter((kind) => flags[kind] !== undefined);
  if (kinds.length !== 1)
    throw new AppError('usage', 'exactly one of `--npm`, `--pypi`, `--command` and `--url` is needed', {
      next: 'mcp-runtime server deploy --help',
    });
  if (flags.npm !== undefined) return npmSource(flags.npm, given);
  if (flags.pypi !== undefined) return pypiSource(flags.pypi, given);
  if (flags.command !== undefined) return commandSource(flags.command, given);
  if (args.length > 0) throw new AppError('usage', 'a server at a URL takes no arguments after `--`');
  return checked({ url: flags.url });
}

async function npmSource(text: string, { flags, args, current, io }: Given): Promise<Source> {
  const at = text.lastIndexOf('@');
  const [name, wanted] = at > 0 ? [text.slice(0, at), text.slice(at + 1)] : [text, undefined];
  checked({ npm: { package: name, version: SOME_VERSION } });
  const kept = wanted === undefined && !flags.update && current?.npm?.package === name ? current.npm : undefined;
  const version =
    wanted !== undefined && EXACT.test(wanted) ? wanted : (kept?.version ?? (await newestNpmVersion(name, wanted, io)));
  const bin = current?.npm?.package === name ? current.npm.bin : undefined;
  return checked({ npm: { package: name, version, args: [...args], ...(bin === undefined ? {} : { bin }) } });
}

async function pypiSource(text: string, { flags, args, current, io }: Given): Promise<Source> {
  const [name = '', wanted] = text.split('==');
  checked({ pypi: { package: name, version: wanted ?? SOME_VERSION } });
  const kept = wanted === undefined && !flags.update && current?.pypi?.package === name ? current.pypi : undefined;
  const version = wanted ?? kept?.version ?? (await newestPypiVersion(name, io));
  const command = current?.pypi?.package === name ? current.pypi.command : undefined;
  return checked({ pypi: { package: name, version, args: [...args], ...(command === undefined ? {} : { command }) } });
}

/** The runtime starts programs elsewhere, so a path is made absolute; a plain name is looked up in PATH. */
function commandSource(program: string, { args, io }: Given): Source {
  const isPath = program.includes('/') && !isAbsolute(program);
  return checked({ command: { command: isPath ? resolve(io.cwd, program) : program, args: [...args] } });
}

function checked(source: unknown): Source {
  const parsed = Source.safeParse(source);
  if (parsed.success) return parsed.data;
  // The fields of a source have the names of the flags.
  const faults = schemaFaults(parsed.error, source, Source).map((fault) => `--${fault}`);
  throw new AppError('usage', faults.join('\n'), { next: 'mcp-runtime server deploy --help' });
}
