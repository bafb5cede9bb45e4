import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const BUILD = join(import.meta.dirname, '../helm/build.sh');
const EX_UNAVAILABLE = 69;

/** Helm of the path, or what a build makes; or why there is none. */
export function findHelm(): { readonly program: string } | { readonly missing: string } {
  if (spawnSync('helm', ['version']).status === 0) return { program: 'helm' };
  const { status, stdout, stderr } = spawnSync(BUILD, { encoding: 'utf8' });
  if (status === 0) return { program: stdout.trim() };
  return {
    missing: status === EX_UNAVAILABLE ? stderr.trim() : `Helm could not be built: ${stderr.trim().slice(-300)}`,
  };
}
