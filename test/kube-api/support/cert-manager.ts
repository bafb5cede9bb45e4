import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { kubectl } from '../../support/kubectl.ts';
import { CRDS } from './cluster.ts';
import { type KubernetesClient } from '../../../packages/kube/src/kubernetes/index.ts';

const BUILD = join(import.meta.dirname, '../../cluster/cert-manager/build.sh');
const DEFINITION = 'certificates.cert-manager.io';

/** A folder with the program `cert-manager` and its definitions, `crds/`. */
const FOLDER = process.env['CERT_MANAGER'] ?? spawnSync(BUILD, ['--where'], { encoding: 'utf8' }).stdout.trim();

/** Why there is no cert-manager for tests; `false` when there is. */
export const noCertManager: string | false =
  !existsSync(join(FOLDER, 'crds')) &&
  'there is no cert-manager: test/cluster/cert-manager/build.sh builds it, or CERT_MANAGER names its folder';

export async function hasDefinitions(client: KubernetesClient): Promise<boolean> {
  return (await client.get(CRDS, { namespace: '', name: DEFINITION })) !== undefined;
}

/** Until disposed of, unless somebody had defined them before. */
export async function defineCertificates(client: KubernetesClient): Promise<AsyncDisposable> {
  if (await hasDefinitions(client)) return { [Symbol.asyncDispose]: async () => {} };
  const files = ['--filename', join(FOLDER, 'crds')];
  await kubectl(['apply', '--server-side', ...files]);
  return {
    [Symbol.asyncDispose]: async () => {
      await kubectl(['delete', ...files]);
    },
  };
}

/** Its controllers as a process, on the cluster of KUBECONFIG. */
export function startCertManager(): AsyncDisposable {
  const child = spawn(join(FOLDER, 'cert-manager'), { stdio: 'ignore' });
  return {
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
