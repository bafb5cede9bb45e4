import { execFileSync } from 'node:child_process';
import { globSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { HOME } from './base-layer.ts';
import { fileAt, treeAt, withFolders } from './files.ts';
import { librariesOf } from './libraries.ts';
import { type ImageArchive, imageArchive } from './oci.ts';
import type { Product } from './product.ts';
import type { TarEntry } from './tar.ts';

/** Where Python is in the image: it finds its own modules from where its program is. */
const PREFIX = 'opt/python';
/** Not needed to install and run packages. */
const LEFT_OUT =
  /(?:^|\/)(?:__pycache__|site-packages|dist-packages|test|tests|idlelib|tkinter|turtledemo|lib2to3)(?:\/|$)|^config-/;
/** Parts of glibc that wheels may load (PEP 600). */
const PRESUMED = ['libdl.so.2', 'libpthread.so.0', 'librt.so.1', 'libutil.so.1'] as const;
const ASK = `
import ensurepip, json, os, ssl, sys, sysconfig, venv
print(json.dumps([os.path.realpath(sys.executable), sysconfig.get_path('stdlib'), sysconfig.get_config_var('WHEEL_PKG_DIR') or '']))
`;

/** For tests: the product with the Python of this machine, and what makes environments; undefined where there is none. */
export function pythonImage(name: string, { spec }: Product): ImageArchive | undefined {
  const python = pythonLayer();
  if (python === undefined) return undefined;
  // An environment looks for its modules beside the program that made it, by the path that this was called by.
  const Env = spec.config.Env?.map((one) => one.replace(/^PATH=/, `PATH=/${PREFIX}/bin:`)) ?? [];
  return imageArchive({ ...spec, name, config: { ...spec.config, Env }, layers: [...spec.layers, python] });
}

function pythonLayer(): readonly TarEntry[] | undefined {
  const found = findPython();
  if (found === undefined) return undefined;
  const { program, modules, wheels } = found;
  const libraries = librariesOf([program, ...extensionsIn(modules)]);
  const libc = dirname(libraries.get('libc.so.6') ?? '');
  return withFolders([
    fileAt(program, `${PREFIX}/bin/python3`),
    ...treeAt(modules, `${PREFIX}/lib/${basename(modules)}`, LEFT_OUT),
    // Some distributions keep what `ensurepip` installs outside of its module, and it looks there (Debian).
    ...(wheels === '' ? [] : treeAt(wheels, relative('/', wheels))),
    ...[...libraries].map(([name, path]) => fileAt(path, `${HOME}/lib/${name}`)),
    ...PRESUMED.map((name) => fileAt(join(libc, name), `${HOME}/lib/${name}`)),
  ]);
}

function extensionsIn(modules: string): readonly string[] {
  return globSync('lib-dynload/*.so', { cwd: modules }).map((file) => join(modules, file));
}

interface Python {
  readonly program: string;
  readonly modules: string;
  /** Folder of pip's own wheel; '' where `ensurepip` has it. */
  readonly wheels: string;
}

function findPython(): Python | undefined {
  try {
    const [program, modules, wheels]: [string, string, string] = JSON.parse(
      execFileSync('python3', ['-c', ASK], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
    return { program, modules: realpathSync(modules), wheels };
  } catch {
    return undefined;
  }
}
