import { type AppError, LABELS, MANAGED_BY, type ObjectKey, PARTS } from '@mcp-runtime/api';
import { type Logger, OpenedSoFar, type Running, closeOnce } from '@mcp-runtime/base';
import { type KubeObject, NAMESPACES, type ResourceClient, watchState } from '@mcp-runtime/kube';
import { createWorkQueue } from '../../work-queue.ts';
import { type OperatorSettings } from '../settings.ts';
import { FURNITURE_KINDS, furnish } from './furnish.ts';
import { planTenant } from './plan.ts';

export interface TenancyOptions {
  readonly client: ResourceClient;
  readonly settings: Pick<OperatorSettings, 'dns' | 'tenancy'>;
  /** Ends it too, and the start of it. */
  readonly signal?: AbortSignal;
  readonly log: Logger;
}

const BACKOFF = { initialMs: 500, factor: 2, maxMs: 300_000 };
const WORKERS = 2;

/**
 * Keeps the namespaces of teams furnished: those labelled `platform.mcpruntime.org/managed: "true"`. One that loses the label
 * keeps what it has. Resolves when all have been seen; rejects with `canceled`. One at a time may run for a cluster.
 */
export async function startTenancyController({ client, settings, signal, log }: TenancyOptions): Promise<Running> {
  const opened = new OpenedSoFar();
  const stop = new AbortController();
  const onError = (error: AppError): void => log.warn('watching failed', { error: error.message });
  const watching = { signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]), onError };
  const told = new Map<string, string>();
  let isSynced = false;
  const look = (name: string): void => {
    if (isSynced) queue.add({ namespace: '', name });
  };

  const queue = createWorkQueue({
    work: ({ name }) => reconcile(name),
    workers: WORKERS,
    backoff: BACKOFF,
    onError: ({ name }, error) =>
      log.warn('furnishing a namespace failed and is tried again', { namespace: name, error: String(error) }),
  });
  const namespaces = watchState(client, NAMESPACES, {
    ...watching,
    labels: { [LABELS.managedNamespace]: 'true' },
    onChange: ({ object }) => look(object.metadata.name),
  });
  const furniture = FURNITURE_KINDS.map((type) =>
    watchState(client, type, {
      ...watching,
      labels: { [LABELS.managedBy]: MANAGED_BY, [LABELS.part]: PARTS.tenancy },
      onChange: ({ object }) => look(object.metadata.namespace),
    }),
  );
  opened.add(() => queue.close());
  opened.add(() => stop.abort());

  async function reconcile(name: string): Promise<void> {
    const namespace = namespaces.get(keyOfNamespace(name));
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return;
    const plan = planTenant(namespace, settings);
    tell(name, plan.refused);
    await furnish(client, namespace, plan, inNamespace(name));
  }

  /** Once, until it is something else. */
  function tell(name: string, refused: readonly string[]): void {
    const text = refused.join('; ');
    if (text !== '' && told.get(name) !== text) log.warn('not done for a team', { namespace: name, reason: text });
    told.set(name, text);
  }

  function inNamespace(name: string): readonly KubeObject[] {
    return furniture.flatMap((view) => view.all().filter(({ metadata }) => metadata.namespace === name));
  }

  try {
    await Promise.all([namespaces.synced, ...furniture.map(({ synced }) => synced)]);
  } catch (error) {
    await opened.releaseAll();
    throw error;
  }
  isSynced = true;
  for (const { metadata } of namespaces.all()) look(metadata.name);
  return closeOnce(() => opened.releaseAll());
}

function keyOfNamespace(name: string): ObjectKey {
  return { namespace: '', name };
}
