import { type Command, type CommandIo, type Named } from '../frame/command.ts';
import { complete } from '../frame/completion.ts';
import { type ApiClient, connectApi } from './api-client.ts';
import { type Noun, listKeys } from './objects.ts';

/** Somebody waits with a finger on the key. */
const PATIENCE_MS = 1000;

/** Candidates for the last of `words`. A shell has no place for an error: names that cannot be had are none. */
export async function candidatesFor(
  commands: readonly Command[],
  words: readonly string[],
  io: Pick<CommandIo, 'env' | 'signal'>,
): Promise<readonly string[]> {
  const { words: known, names } = complete(commands, words);
  if (names === undefined) return known;
  const { of, flags } = names;
  const current = words.at(-1) ?? '';
  try {
    const api = await connectApi({ 'api-url': flags.get('api-url'), 'data-dir': flags.get('data-dir') }, io);
    const found = await namesOf(of, flags.get('namespace'), api);
    return [...known, ...[...new Set(found)].filter((name) => name.startsWith(current)).toSorted()];
  } catch {
    return known;
  }
}

async function namesOf(of: Named, namespace: string | undefined, api: ApiClient): Promise<readonly string[]> {
  const noun: Noun = of === 'namespace' ? 'server' : of;
  const keys = await listKeys(api, noun, AbortSignal.timeout(PATIENCE_MS));
  if (of === 'namespace') return keys.map((key) => key.namespace);
  return keys.filter((key) => namespace === undefined || key.namespace === namespace).map(({ name }) => name);
}
