import { AppError, asAppError } from '@mcp-runtime/api';
import { isJsonObject } from '../json.ts';
import { byKey } from '../selection.ts';
import { type KubeObject, type ListOptions, type ObjectList, type Refused, type ResourceType } from '../port.ts';
import { type Asked } from './api-status.ts';
import { collectionPath, selectionQuery, withQuery } from './paths.ts';
import { metadataOf, tryReadObject } from './reading.ts';
import { type Requester } from './requester.ts';

/** Objects of a page; fewer when a page would be larger than an answer may be. */
const PAGE = 500;

/**
 * All pages of one snapshot (Kubernetes docs, "Retrieving large results sets in chunks").
 * @throws AppError `resource_version_expired` when the snapshot went away in between, twice
 */
export async function listAll<T extends KubeObject>(
  requester: Requester,
  type: ResourceType<T>,
  options: ListOptions,
): Promise<ObjectList<T>> {
  try {
    return await listSnapshot(requester, type, options);
  } catch (error) {
    if (asAppError(error).code !== 'resource_version_expired') throw error;
    return await listSnapshot(requester, type, options);
  }
}

async function listSnapshot<T extends KubeObject>(
  requester: Requester,
  type: ResourceType<T>,
  options: ListOptions,
): Promise<ObjectList<T>> {
  const path = collectionPath(type, options.namespace);
  const selection = selectionQuery(options);
  const items: T[] = [];
  const refused: Refused[] = [];
  let limit = PAGE;
  let next = '';
  for (;;) {
    const query = { ...selection, limit: String(limit), ...(next !== '' && { continue: next }) };
    const page = await askPage(requester, { target: withQuery(path, query), type, limit });
    if (page === 'too large') {
      limit = Math.ceil(limit / 4);
      continue;
    }
    for (const value of page.items) {
      const read = tryReadObject(type, value);
      if ('object' in read) items.push(read.object);
      else refused.push(read.refused);
    }
    next = page.next;
    if (next === '') return { items: items.toSorted(byKey), resourceVersion: page.resourceVersion, refused };
  }
}

interface Page {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  readonly next: string;
}

async function askPage(
  requester: Requester,
  request: { readonly target: string; readonly type: Asked['type']; readonly limit: number },
): Promise<Page | 'too large'> {
  const { target, type, limit } = request;
  const what = type.plural;
  try {
    return pageOf((await requester.ask({ method: 'GET', target, what, type })).body, what);
  } catch (error) {
    if (limit > 1 && asAppError(error).code === 'request_too_large') return 'too large';
    throw error;
  }
}

function pageOf(body: unknown, what: string): Page {
  const items = isJsonObject(body) ? body['items'] : undefined;
  const { resourceVersion, continue: next } = metadataOf(body);
  if (!Array.isArray(items) || typeof resourceVersion !== 'string') {
    throw new AppError('internal', `${what}: the Kubernetes API answered with no list`);
  }
  return { items, resourceVersion, next: typeof next === 'string' ? next : '' };
}
