import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { BuiltinObjectMeta } from '../../../packages/api/src/index.ts';
import { type KubeObject, type ResourceType } from '../../../packages/kube/src/index.ts';
import {
  type ClusterAccess,
  type KubernetesClient,
  type KubernetesClientOptions,
  findClusterAccess,
  openKubernetesClient,
} from '../../../packages/kube/src/kubernetes/index.ts';

/** Why the tests of a real API server do not run; `false` when they do. */
export const noCluster: string | false =
  (process.env['KUBECONFIG'] ?? '') === '' && 'KUBECONFIG names no cluster: `npm run cluster -- api` starts one';

/** The file that KUBECONFIG names; the first one of a list. */
export function kubeconfigPath(): string {
  return (process.env['KUBECONFIG'] ?? '').split(':')[0] ?? '';
}

export const NAMESPACES = plainType('v1', 'Namespace', 'namespaces', false);
export const CRDS = plainType(
  'apiextensions.k8s.io/v1',
  'CustomResourceDefinition',
  'customresourcedefinitions',
  false,
);
export const CLUSTER_ROLE_BINDINGS = plainType(
  'rbac.authorization.k8s.io/v1',
  'ClusterRoleBinding',
  'clusterrolebindings',
  false,
);

export function clusterAccess(): Promise<ClusterAccess> {
  return findClusterAccess({ env: process.env });
}

export async function openClient(options: Partial<KubernetesClientOptions> = {}): Promise<KubernetesClient> {
  return openKubernetesClient({
    access: await clusterAccess(),
    rateLimit: { qps: 1_000, burst: 1_000 },
    ...options,
  });
}

/** A namespace that nobody else uses; deleted, with what is in it, when it is disposed of. */
export async function aNamespace(
  client: KubernetesClient,
  prefix: string,
): Promise<AsyncDisposable & { readonly name: string }> {
  const name = `${prefix}-${randomBytes(4).toString('hex')}`;
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const dispose = async (): Promise<void> => {
    await client.delete(NAMESPACES, { namespace: '', name });
  };
  return { name, [Symbol.asyncDispose]: dispose };
}

/** Applies a definition, and waits until the server serves the kind. */
export async function serveKind(
  client: KubernetesClient,
  crd: unknown,
  served: ResourceType<KubeObject>,
): Promise<void> {
  await client.apply(CRDS, crd, { fieldManager: 'tests', force: 'force' });
  for (;;) {
    try {
      await client.list(served, { namespace: 'default' });
      return;
    } catch {
      await delay(50);
    }
  }
}

export function plainType(
  apiVersion: string,
  kind: string,
  plural: string,
  namespaced: boolean,
): ResourceType<KubeObject> {
  const parse = (value: unknown): KubeObject => {
    if (!isKubeObject(value)) throw new Error(`no ${kind}`);
    return value;
  };
  return { apiVersion, kind, plural, namespaced, parse };
}

function isKubeObject(value: unknown): value is KubeObject {
  return (
    typeof value === 'object' &&
    value !== null &&
    'metadata' in value &&
    BuiltinObjectMeta.safeParse(value.metadata).success
  );
}
