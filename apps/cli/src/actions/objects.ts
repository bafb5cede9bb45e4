import { AppError, GrantList, type ObjectKey, ServerList, SessionList, asAppError } from '@mcp-runtime/api';
import { nearest } from '@mcp-runtime/base/nearest';
import { type ApiClient } from './api-client.ts';

/** The kinds of objects that commands name. */
export type Noun = 'server' | 'grant' | 'session';

const keysOf = (objects: readonly { readonly metadata: ObjectKey }[]): readonly ObjectKey[] =>
  objects.map(({ metadata: { namespace, name } }) => ({ namespace, name }));

const LIST: Readonly<Record<Noun, (api: ApiClient, signal?: AbortSignal) => Promise<readonly ObjectKey[]>>> = {
  server: async (api, signal) => (await api.call('/runtime/servers', ServerList, options(signal))).servers,
  grant: async (api, signal) => keysOf((await api.call('/runtime/grants', GrantList, options(signal))).grants),
  session: async (api, signal) => keysOf((await api.call('/runtime/sessions', SessionList, options(signal))).sessions),
};

function options(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** Names of all objects of a kind, in every namespace. */
export function listKeys(api: ApiClient, noun: Noun, signal?: AbortSignal): Promise<readonly ObjectKey[]> {
  return LIST[noun](api, signal);
}

/** Makes a call about one object. Where it does not exist, the error says which was probably meant. */
export async function aboutOne<T>(api: ApiClient, noun: Noun, key: ObjectKey, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const known = asAppError(error);
    if (known.code !== 'not_found' || known.next !== undefined) throw error;
    // The question itself was answered: a list that cannot be had only costs the hint.
    const others = await listKeys(api, noun).catch(() => []);
    const next = hintOf(noun, key, others);
    throw next === undefined ? error : new AppError('not_found', known.message, { next });
  }
}

/** Pure: what to try in place of a name that does not exist. Nothing where it does, and something else is missing. */
function hintOf(noun: Noun, { namespace, name }: ObjectKey, others: readonly ObjectKey[]): string | undefined {
  const list = noun === 'server' ? 'mcp-runtime server list' : `mcp-runtime access ${noun} list`;
  if (others.some((other) => other.name === name && other.namespace === namespace)) return undefined;
  const elsewhere = others.find((other) => other.name === name);
  if (elsewhere !== undefined)
    return `there is one in namespace \`${elsewhere.namespace}\`: add -n ${elsewhere.namespace}`;
  const here = others.filter((other) => other.namespace === namespace).map((other) => other.name);
  const near = nearest(name, here);
  if (near !== undefined) return `did you mean \`${near}\`? ${list} shows all`;
  return `${list} shows what there is`;
}
