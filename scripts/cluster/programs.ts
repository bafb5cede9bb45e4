// Where the programs of a test cluster come from: KUBEBUILDER_ASSETS, the cache, or a build.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Tier } from './needs.ts';
import { type Say, runTelling } from './run.ts';

const BUILD = join(import.meta.dirname, '../../test/cluster/build.sh');
/** What setup-envtest downloads (https://book.kubebuilder.io/reference/envtest). */
const ASSETS = ['etcd', 'kube-apiserver', 'kubectl'] as const;

/** A folder of programs, or why there is none. */
export type Programs = { readonly folder: string; readonly from: string } | { readonly missing: string };

/** Programs that are there already. */
export async function presentPrograms(tier: Tier): Promise<Programs> {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets !== undefined && tier === 'api') {
    const absent = ASSETS.filter((name) => !existsSync(join(assets, name)));
    if (absent.length > 0) return { missing: `KUBEBUILDER_ASSETS names ${assets}, which has no ${absent.join(', ')}` };
    return { folder: assets, from: 'KUBEBUILDER_ASSETS' };
  }
  const { status, stdout } = await runTelling(BUILD, ['--where'], {}, () => undefined);
  if (status === 0) return { folder: stdout.trim(), from: 'the cache' };
  return { missing: 'no build in the cache' };
}

/** Those, or what a build makes: about ten minutes when Go's cache is cold. */
export async function findPrograms(tier: Tier, say: Say): Promise<Programs> {
  const present = await presentPrograms(tier);
  if ('folder' in present || (process.env['KUBEBUILDER_ASSETS'] !== undefined && tier === 'api')) return present;
  const { status, stdout, complaint } = await runTelling(BUILD, [], {}, say);
  if (status === 0) return { folder: stdout.trim(), from: 'a build' };
  return { missing: `the programs could not be built: ${complaint.replace('cluster build: ', '')}` };
}
