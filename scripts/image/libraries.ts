// Programs of this machine and the shared libraries that they load, as they are to be in an image.
import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { basename } from 'node:path';

/** Loaded by name at run time, so that `ldd` does not show them: how glibc looks up hosts and users. */
const LOADED_LATER = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'] as const;

/** Path on this machine by the name under which a program asks for it. The loader itself is among them. */
export function librariesOf(programs: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map(programs.flatMap((program) => loaded(program)));
  const libc = found.get('libc.so.6');
  if (libc === undefined) throw new Error(`no libc.so.6 is loaded by ${programs.join(', ')}`);
  const folder = libc.slice(0, libc.lastIndexOf('/'));
  return new Map([...found, ...LOADED_LATER.map((name): [string, string] => [name, `${folder}/${name}`])]);
}

/** The loader is the one that is named by its path. */
export function loaderOf(libraries: ReadonlyMap<string, string>): string {
  const loader = [...libraries.keys()].find((name) => name.startsWith('ld-linux'));
  if (loader === undefined) throw new Error('no dynamic loader found');
  return loader;
}

function loaded(program: string): readonly [string, string][] {
  const told = execFileSync('ldd', [realpathSync(program)], { encoding: 'utf8' });
  return [...told.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/gm)].map(([, path = '']) => [
    basename(path),
    realpathSync(path),
  ]);
}

/** Debian's package of a file of this machine, with its version. */
export function debianPackageOf(path: string): { readonly name: string; readonly version: string } | undefined {
  for (const spelling of [path, path.replace(/^\/usr/, '')]) {
    try {
      const owner = execFileSync('dpkg-query', ['--search', spelling], { encoding: 'utf8', stdio: 'pipe' });
      const name = owner.slice(0, owner.indexOf(': '));
      const version = execFileSync('dpkg-query', ['--show', '--showformat=${Version}', name], { encoding: 'utf8' });
      return { name: name.replace(/:.*/, ''), version };
    } catch {
      continue;
    }
  }
  return undefined;
}
