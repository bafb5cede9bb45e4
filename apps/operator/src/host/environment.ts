import { mkdir, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { type ObjectKey } from '@mcp-runtime/api';

type Environment = Readonly<Record<string, string | undefined>>;

/** What a server finds in its environment beside what it declares. */
export interface BaseEnvironment {
  readonly PATH: string;
  readonly LANG: string;
}

export function baseEnvironment(env: Environment): BaseEnvironment {
  return { PATH: searchPathOf(env), LANG: env['LANG'] ?? 'C.UTF-8' };
}

/** For npm, uv and pip: everything that configures them. */
export function toolEnvironment(env: Environment): Readonly<Record<string, string>> {
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(set), PATH: searchPathOf(env) };
}

/** The Node that runs us comes last: scripts that ask for `node` find one, and the user's own wins. */
function searchPathOf(env: Environment): string {
  const own = dirname(process.execPath);
  return env['PATH'] === undefined
    ? ['/usr/local/bin', '/usr/bin', '/bin', own].join(delimiter)
    : env['PATH'] + delimiter + own;
}

export interface ServerFolder {
  readonly root: string;
  /** Working folder and HOME of the server; kept between runs. */
  readonly work: string;
  /** TMPDIR of the server; emptied at each start. */
  readonly temporary: string;
  readonly log: string;
}

export function serverFolder(dataDir: string, key: ObjectKey): ServerFolder {
  const root = join(dataDir, 'servers', key.namespace, key.name);
  const work = join(root, 'work');
  return { root, work, temporary: join(work, 'tmp'), log: join(root, 'log') };
}

export async function prepareFolder(folder: ServerFolder): Promise<void> {
  await rm(folder.temporary, { recursive: true, force: true });
  await mkdir(folder.temporary, { recursive: true, mode: 0o700 });
}
