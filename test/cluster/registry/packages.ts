// What the registry has: every package of the lockfile, at the versions that are installed here.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { treeAt, withFolders } from '../../../scripts/image/files.ts';
import { nameOfFolder, readLockfile } from '../../../scripts/image/lockfile.ts';
import { tarOf } from '../../../scripts/image/tar.ts';

const NESTED = /(?:^|\/)node_modules\//;
/** Of a manifest only what an installation reads, with scripts that nobody runs left out. */
const READ = [
  'name',
  'version',
  'bin',
  'dependencies',
  'optionalDependencies',
  'peerDependencies',
  'peerDependenciesMeta',
  'engines',
  'os',
  'cpu',
] as const;

export interface PackageStore {
  /** As the registry's API calls it (https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md). */
  packument(name: string, origin: string): object | undefined;
  tarball(name: string, version: string): Buffer | undefined;
}

/** Packs on demand; the same package once. */
export function packageStore(root: string): PackageStore {
  const lockfile = readLockfile(join(root, 'package-lock.json'));
  const folders = Object.keys(lockfile).filter((folder) => folder.includes('node_modules/') && !lockfile[folder]?.link);
  const byName = Object.groupBy(folders, nameOfFolder);
  const packed = new Map<string, Buffer>();

  function pack(folder: string): Buffer {
    const known = packed.get(folder);
    if (known !== undefined) return known;
    const fresh = gzipSync(tarOf(withFolders(treeAt(join(root, folder), 'package', NESTED))), { level: 1 });
    packed.set(folder, fresh);
    return fresh;
  }

  function versionsOf(name: string): ReadonlyMap<string, string> {
    return new Map((byName[name] ?? []).map((folder) => [lockfile[folder]?.version ?? '', folder]));
  }

  return {
    packument(name, origin) {
      const versions = versionsOf(name);
      const [latest] = [...versions.keys()].toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }));
      if (latest === undefined) return undefined;
      const described = [...versions].map(([version, folder]) => [
        version,
        { ...manifestOf(join(root, folder)), dist: distOf(pack(folder), `${origin}/${name}/-/${version}.tgz`) },
      ]);
      return { name, 'dist-tags': { latest }, versions: Object.fromEntries(described) };
    },
    tarball(name, version) {
      const folder = versionsOf(name).get(version);
      return folder === undefined ? undefined : pack(folder);
    },
  };
}

function manifestOf(folder: string): object {
  const manifest: Record<string, unknown> = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return Object.fromEntries(READ.flatMap((key) => (manifest[key] === undefined ? [] : [[key, manifest[key]]])));
}

function distOf(tarball: Buffer, url: string): object {
  const hash = (name: string): ReturnType<typeof createHash> => createHash(name).update(tarball);
  return { tarball: url, integrity: `sha512-${hash('sha512').digest('base64')}`, shasum: hash('sha1').digest('hex') };
}
