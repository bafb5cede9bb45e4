import { type Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ResourceProblem, wholeFile } from './problem.ts';

const MAX_FILES = 1000;
const MAX_DEPTH = 16;
const RESOURCE_FILE = /\.(ya?ml|json)$/i;
/** Instructions for kustomize, not objects. */
const KUSTOMIZATION_FILE = /^kustomization\.ya?ml$/i;

export interface FoundFiles {
  readonly files: readonly string[];
  readonly problems: readonly ResourceProblem[];
}

/**
 * The resource files of paths, each once: a path to a file as it is, a folder with everything below it that
 * ends in `.yaml`, `.yml` or `.json`, sorted. Hidden entries, `node_modules`, kustomizations and links to
 * folders are skipped.
 */
export async function findResourceFiles(paths: readonly string[]): Promise<FoundFiles> {
  const files = new Map<string, string>();
  const problems: ResourceProblem[] = [];
  for (const path of paths) {
    const found = await filesAt(path);
    problems.push(...found.problems);
    for (const file of found.files) {
      const real = await realpath(file);
      if (!files.has(real)) files.set(real, file);
    }
  }
  if (files.size <= MAX_FILES) return { files: [...files.values()], problems };
  const tooMany = wholeFile(paths.join(', '), `found ${files.size} files, at most ${MAX_FILES} are read`);
  return { files: [], problems: [...problems, tooMany] };
}

async function filesAt(path: string): Promise<FoundFiles> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return failed(path, 'no such file or folder');
  if (stats.isFile()) return { files: [path], problems: [] };
  if (!stats.isDirectory()) return failed(path, 'is neither a file nor a folder');
  const found = await filesBelow(path, 0);
  return found.files.length === 0 && found.problems.length === 0
    ? failed(path, 'the folder holds no `.yaml`, `.yml` or `.json` file')
    : found;
}

async function filesBelow(folder: string, depth: number): Promise<FoundFiles> {
  if (depth > MAX_DEPTH) return failed(folder, `folders are nested deeper than ${MAX_DEPTH}`);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return failed(folder, 'the folder cannot be read');
  const files: string[] = [];
  const problems: ResourceProblem[] = [];
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
    if (entry.isDirectory()) {
      const below = await filesBelow(path, depth + 1);
      files.push(...below.files);
      problems.push(...below.problems);
    } else if (await isResourceFile(path, entry)) files.push(path);
  }
  return { files, problems };
}

async function isResourceFile(path: string, entry: Dirent): Promise<boolean> {
  if (!RESOURCE_FILE.test(entry.name) || KUSTOMIZATION_FILE.test(entry.name)) return false;
  if (entry.isFile()) return true;
  // Mounted ConfigMaps show their files as links.
  return entry.isSymbolicLink() && (await stat(path).catch(() => undefined))?.isFile() === true;
}

function failed(path: string, message: string): FoundFiles {
  return { files: [], problems: [wholeFile(path, message)] };
}
