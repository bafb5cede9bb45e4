import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runTelling } from '../cluster/run.ts';
import { treeAt } from './files.ts';
import type { TarEntry } from './tar.ts';

const root = dirname(dirname(import.meta.dirname));
const OWN = join(import.meta.dirname, 'npm');
const CACHE = join(root, 'node_modules', '.cache', 'image');
export const NPM_LOCKFILE = join(OWN, 'package-lock.json');
const NEEDLESS = /^(?:docs|man)\//;

/** npm as its own lockfile names it, for runners that install packages. */
export async function npmLayer(): Promise<readonly TarEntry[]> {
  const folder = await installedNpm();
  return [
    ...treeAt(join(folder, 'node_modules/npm'), 'usr/lib/node_modules/npm', NEEDLESS),
    { path: 'usr/bin/npm', kind: 'link', target: '../lib/node_modules/npm/bin/npm-cli.js' },
  ];
}

async function installedNpm(): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(NPM_LOCKFILE)).digest('hex').slice(0, 16);
  const folder = join(CACHE, `npm-${hash}`);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const fresh = mkdtempSync(join(CACHE, 'npm-'));
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(OWN, name), join(fresh, name));
  const args = ['ci', '--prefix', fresh, '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  const { status, complaint } = await runTelling('npm', args, {}, () => undefined);
  if (status !== 0) {
    rmSync(fresh, { recursive: true });
    throw new Error(`npm could not be fetched for the image: ${complaint}`);
  }
  renameSync(fresh, folder);
  return folder;
}
