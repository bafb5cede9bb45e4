import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type ClusterAccess } from './access.ts';
import { inClusterAccess, isInCluster } from './in-cluster.ts';

export interface AccessOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** One file that counts instead of all others. */
  readonly kubeconfig?: string;
  /** Of the kubeconfig; its current one unless given. */
  readonly context?: string;
}

/**
 * How this process reaches its cluster: the kubeconfig that is named, else the files of KUBECONFIG, else the service
 * account of the pod, else `~/.kube/config`.
 * @throws AppError `invalid_config`
 */
export async function findClusterAccess({ env, kubeconfig, context }: AccessOptions): Promise<ClusterAccess> {
  const named = kubeconfig === undefined ? listed(env['KUBECONFIG']) : [kubeconfig];
  if (named.length === 0 && context === undefined && isInCluster({ env })) return await inClusterAccess({ env });
  const files = named.length > 0 ? named : [join(env['HOME'] ?? homedir(), '.kube', 'config')];
  // A pod has no kubeconfig, so the programs in it need not hold a reader of YAML in memory.
  const [{ loadContext }, { kubeconfigAccess }] = await Promise.all([
    import('./kubeconfig.ts'),
    import('./kubeconfig-access.ts'),
  ]);
  return kubeconfigAccess(await loadContext(files, context));
}

function listed(paths = ''): readonly string[] {
  return paths.split(delimiter).filter((path) => path !== '');
}
