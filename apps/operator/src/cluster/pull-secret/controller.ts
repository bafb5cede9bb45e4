import { type AppError, CLUSTER, type MCPServer, type ObjectKey } from '@mcp-runtime/api';
import { type Logger, type Running, closeOnce } from '@mcp-runtime/base';
import { NAMESPACES, type ResourceClient, SECRETS, type Secret, watchState } from '@mcp-runtime/kube';
import { createWorkQueue } from '../../work-queue.ts';
import { type OperatorSettings } from '../settings.ts';
import { WRITER, copyOf, isCopy, needsCopy, whyNotCopied } from './plan.ts';

export interface PullSecretsOptions {
  readonly client: ResourceClient;
  readonly settings: Pick<OperatorSettings, 'namespace' | 'registry' | 'watchNamespace'>;
  readonly servers: () => readonly MCPServer[];
  readonly log: Logger;
}

/** Copies of the installation's credentials for registries, in the namespaces whose servers use them. */
export interface PullSecrets extends Running {
  /** From now on copies are made and removed. Once. */
  start(): void;
  /** A server of the namespace came, changed or went. */
  look(namespace: string): void;
}

const BACKOFF = { initialMs: 500, factor: 2, maxMs: 300_000 };
const WORKERS = 4;
/** Nobody tells of copies that somebody else changed: watching Secrets of all namespaces would be to read them all. */
const LOOK_AGAIN_MS = 300_000;

/**
 * Keeps the copies as the source is: without it, or without a server that needs one, there is none. A Secret of that name that
 * is not ours stays as it is. Copies are asked for one by one, by their name.
 */
export function createPullSecrets({ client, settings, servers, log }: PullSecretsOptions): PullSecrets {
  const { pullSecret } = settings.registry;
  const at = { namespace: settings.namespace, name: pullSecret ?? CLUSTER.pullSecret };
  const stop = new AbortController();
  const known = new Set<string>();
  let source: { readonly secret: Secret | undefined } | undefined;

  const queue = createWorkQueue({
    work: ({ namespace }) => reconcile(namespace),
    workers: WORKERS,
    backoff: BACKOFF,
    onError: ({ namespace }, error) =>
      log.warn('a pull secret could not be copied, and this is tried again', { namespace, error: String(error) }),
  });
  const look = (namespace: string): void => {
    if (source !== undefined) queue.add({ namespace, name: CLUSTER.pullSecret });
  };

  async function reconcile(namespace: string): Promise<void> {
    const key: ObjectKey = { namespace, name: CLUSTER.pullSecret };
    const isSource = namespace === at.namespace && at.name === CLUSTER.pullSecret;
    if (isSource) return;
    const secret = source?.secret;
    const isNeeded = servers().some((one) => one.metadata.namespace === namespace && needsCopy(one, settings));
    const found = await client.get(SECRETS, key);
    if (found !== undefined && !isCopy(found)) return;
    if (!isNeeded || secret === undefined) {
      known.delete(namespace);
      if (found !== undefined) await remove(found, 'no server needs it, or there is nothing to copy');
      return;
    }
    known.add(namespace);
    queue.addAfter(key, LOOK_AGAIN_MS);
    const wanted = copyOf(secret, namespace);
    // The type of a Secret cannot change.
    if (found !== undefined && found.type !== wanted.type) await remove(found, 'its type is another one');
    else if (found !== undefined) return await update(found, wanted);
    await client.create(SECRETS, wanted, WRITER);
    log.info('a pull secret was copied', { namespace });
  }

  async function update(found: Secret, { data = {} }: Secret): Promise<void> {
    if (JSON.stringify(found.data) === JSON.stringify(data)) return;
    await client.update(SECRETS, { ...found, data }, WRITER);
    log.info('the copy of a pull secret was brought up to date', { namespace: found.metadata.namespace });
  }

  async function remove({ metadata }: Secret, why: string): Promise<void> {
    await client.delete(SECRETS, metadata, metadata.uid === undefined ? {} : { uid: metadata.uid });
    log.info('the copy of a pull secret was removed', { namespace: metadata.namespace, why });
  }

  function take(secret: Secret | undefined): void {
    const fault = secret === undefined ? undefined : whyNotCopied(secret);
    if (fault !== undefined)
      log.error('the pull secret is not copied', { secret: `${at.namespace}/${at.name}`, fault });
    source = { secret: fault === undefined ? secret : undefined };
    for (const namespace of [...known, ...servers().map(({ metadata }) => metadata.namespace)]) look(namespace);
  }

  /** Namespaces in which an earlier operator may have left one. */
  async function allNamespaces(): Promise<readonly string[]> {
    if (settings.watchNamespace !== undefined) return [settings.watchNamespace];
    const { items } = await client.list(NAMESPACES);
    return items.map(({ metadata }) => metadata.name);
  }

  async function begin(): Promise<void> {
    const onError = (error: AppError): void => log.warn('the pull secret cannot be watched', { error: error.message });
    const view = watchState(client, SECRETS, {
      ...at,
      signal: stop.signal,
      onError,
      onChange: ({ type, object }) => {
        if (source !== undefined) take(type === 'deleted' ? undefined : object);
      },
    });
    await view.synced;
    take(view.get(at));
    for (const namespace of await allNamespaces()) look(namespace);
  }

  return {
    start: () => {
      if (pullSecret === undefined) return;
      begin().catch((error: unknown) => {
        if (!stop.signal.aborted) log.warn('pull secrets of namespaces are not known', { error: String(error) });
      });
    },
    look,
    ...closeOnce(async () => {
      stop.abort();
      await queue.close();
    }),
  };
}
