import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@mcp-runtime/api';
import { type ClusterAccess } from './access.ts';
import { cachedFile } from './cached-file.ts';

/** Where the kubelet mounts the service account of a pod. */
const FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

interface InClusterOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder?: string;
}

/** Whether this process runs in a pod that has a service account. */
export function isInCluster({ env, folder = FOLDER }: InClusterOptions): boolean {
  return (env['KUBERNETES_SERVICE_HOST'] ?? '') !== '' && existsSync(join(folder, 'token'));
}

/**
 * The service account of the pod (Kubernetes docs, "Accessing the Kubernetes API from a Pod").
 * @throws AppError `invalid_config`
 */
export async function inClusterAccess({ env, folder = FOLDER }: InClusterOptions): Promise<ClusterAccess> {
  const token = cachedFile(join(folder, 'token'));
  const ca = cachedFile(join(folder, 'ca.crt'));
  const namespace = cachedFile(join(folder, 'namespace'));
  return {
    server: serverOf(env),
    namespace: (await namespace.read()).trim(),
    trust: async () => ({ ca: await ca.read() }),
    credential: async () => ({ headers: { authorization: `Bearer ${(await token.read()).trim()}` } }),
    renew: () => {
      token.forget();
      ca.forget();
    },
  };
}

function serverOf(env: InClusterOptions['env']): URL {
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443';
  const text = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (host !== '' && URL.canParse(text)) return new URL(text);
  throw new AppError('invalid_config', `KUBERNETES_SERVICE_HOST and _PORT are \`${host}\` and \`${port}\`, no address`);
}
