// Reads a package-lock.json (version 3: https://docs.npmjs.com/cli/configuring-npm/package-lock-json).
import { readFileSync } from 'node:fs';

export interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** By the folder in which a package is installed: `node_modules/zod`, `node_modules/a/node_modules/b`. */
export type Lockfile = Readonly<Record<string, LockedPackage>>;

export function readLockfile(file: string): Lockfile {
  const { packages }: { packages: Lockfile } = JSON.parse(readFileSync(file, 'utf8'));
  return packages;
}

/** `node_modules/a/node_modules/@b/c` is `@b/c`. */
export function nameOfFolder(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** The folders of a package and of all that it depends on, as Node would find them. */
export function closureOf(lockfile: Lockfile, folder: string): readonly string[] {
  const found = new Set<string>();
  const open = [folder];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    const { dependencies = {}, optionalDependencies = {} } = lockfile[next] ?? {};
    const from = next;
    const names = Object.keys({ ...dependencies, ...optionalDependencies });
    open.push(...names.flatMap((name) => folderSeenFrom(lockfile, from, name) ?? []));
  }
  return [...found].toSorted();
}

function folderSeenFrom(lockfile: Lockfile, from: string, name: string): string | undefined {
  const inside = `${from}/node_modules/${name}`;
  if (lockfile[inside] !== undefined) return inside;
  const parent = from.lastIndexOf('/node_modules/');
  if (parent >= 0) return folderSeenFrom(lockfile, from.slice(0, parent), name);
  const top = `node_modules/${name}`;
  return lockfile[top] === undefined ? undefined : top;
}
