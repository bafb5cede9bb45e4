import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { AppError } from '@mcp-runtime/api';
import { errnoOf } from '@mcp-runtime/base';
import { parse } from 'yaml';
import { type ClusterEntry, type ContextEntry, Kubeconfig, type UserEntry } from './kubeconfig-schema.ts';

/** An entry, and the folder of the file that it came from: its paths begin there. */
export interface Placed<T> {
  readonly entry: T;
  readonly folder: string;
}

/** What one context of the merged files names. */
export interface ChosenContext {
  readonly name: string;
  readonly cluster: Placed<ClusterEntry>;
  readonly user: Placed<UserEntry>;
  readonly namespace: string;
}

interface Loaded {
  readonly file: string;
  readonly config: Kubeconfig;
}

/**
 * Reads the files and picks a context: `context`, else the first `current-context`. Of two entries of a name the one of
 * the earlier file counts. Files of a list that are not there are passed over, as kubectl does.
 * @throws AppError `invalid_config`
 */
export async function loadContext(files: readonly string[], context?: string): Promise<ChosenContext> {
  const loaded = (await Promise.all(files.map(loadFile))).filter((one) => one !== undefined);
  const text = files.map((file) => `\`${file}\``).join(', ');
  if (loaded.length === 0) {
    throw new AppError('invalid_config', `there is no kubeconfig at ${text}`, {
      next: 'set KUBECONFIG to a file that names a cluster',
    });
  }
  const name = context ?? loaded.map(({ config }) => config['current-context']).find((current) => current);
  if (name === undefined) {
    throw new AppError('invalid_config', `${text}: \`current-context\` is not set`, { next: 'name a context' });
  }
  const chosen = entryOf(loaded, 'context', name, contextsOf).entry;
  return {
    name,
    cluster: entryOf(loaded, 'cluster', chosen.cluster, clustersOf),
    user: chosen.user ? entryOf(loaded, 'user', chosen.user, usersOf) : { entry: {}, folder: '' },
    namespace: chosen.namespace ?? 'default',
  };
}

/** A path of an entry, from the folder of its file. */
export function placedPath(path: string, folder: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

type Named<T> = readonly { readonly name: string; readonly entry: T }[];

function contextsOf({ contexts }: Kubeconfig): Named<ContextEntry> {
  return (contexts ?? []).map(({ name, context }) => ({ name, entry: context }));
}

function clustersOf({ clusters }: Kubeconfig): Named<ClusterEntry> {
  return (clusters ?? []).map(({ name, cluster }) => ({ name, entry: cluster }));
}

function usersOf({ users }: Kubeconfig): Named<UserEntry> {
  return (users ?? []).map(({ name, user }) => ({ name, entry: user ?? {} }));
}

function entryOf<T>(
  loaded: readonly Loaded[],
  what: string,
  name: string,
  entriesOf: (config: Kubeconfig) => Named<T>,
): Placed<T> {
  for (const { file, config } of loaded) {
    const found = entriesOf(config).find((one) => one.name === name);
    if (found !== undefined) return { entry: found.entry, folder: dirname(file) };
  }
  const names = [...new Set(loaded.flatMap(({ config }) => entriesOf(config).map((one) => `\`${one.name}\``)))];
  const has = names.length === 0 ? 'there is none' : `there are ${names.slice(0, 20).join(', ')}`;
  throw new AppError('invalid_config', `the kubeconfig has no ${what} \`${name}\`: ${has}`);
}

async function loadFile(file: string): Promise<Loaded | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new AppError('invalid_config', `\`${file}\` cannot be read: ${errnoOf(error) ?? 'unknown error'}`);
  }
  const parsed = Kubeconfig.safeParse(yamlOf(text, file));
  if (parsed.success) return { file, config: parsed.data };
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new AppError('invalid_config', `\`${file}\` is no kubeconfig: ${issues.slice(0, 3).join('; ')}`);
}

/** The text may hold secrets, so the message of the parser, which quotes it, is not passed on. */
function yamlOf(text: string, file: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0 });
  } catch {
    throw new AppError('invalid_config', `\`${file}\` is no YAML`);
  }
}
