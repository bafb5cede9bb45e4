// What every image of ours stands on: Node, the few tools that our programs start, and their libraries.
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileAt, textFile } from './files.ts';
import { librariesOf, loaderOf } from './libraries.ts';
import type { TarEntry } from './tar.ts';

const root = dirname(dirname(import.meta.dirname));
const NODE = join(root, 'node_modules/node/bin/node');
/** A shell for what is started by a line of text, the words of apps/operator/src/host/watchdog.sh, `env` for `#!`. */
const TOOLS = ['/bin/sh', '/usr/bin/env', '/bin/grep', '/bin/sed', '/bin/sleep'] as const;

/**
 * The folder that can be copied into an image without Node, and works there wherever it is put:
 * `lib/ld-linux-x86-64.so.2 --library-path lib bin/node FILE`.
 */
export const HOME = 'opt/mcp-runtime';
/** A user that exists nowhere else: the `nonroot` of distroless images. */
export const USER = '65532';
export const ENV = ['PATH=/usr/bin:/bin', 'HOME=/tmp', 'NODE_ENV=production'] as const;

/** Path on this machine of every file that is not of this repository, by its path in the image. */
export function baseFiles(): ReadonlyMap<string, string> {
  const libraries = librariesOf([NODE, ...TOOLS]);
  return new Map([
    [`${HOME}/bin/node`, NODE],
    ...TOOLS.map((tool): [string, string] => [tool.replace(/^\/(?:usr\/)?/, 'usr/'), realpathSync(tool)]),
    ...[...libraries].map(([name, path]): [string, string] => [`${HOME}/lib/${name}`, path]),
  ]);
}

export function baseLayer(): readonly TarEntry[] {
  const files = baseFiles();
  const loader = loaderOf(new Map([...files].map(([path, source]) => [path.slice(path.lastIndexOf('/') + 1), source])));
  const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  return [
    ...[...files].map(([path, source]) => fileAt(source, path)),
    link('bin', 'usr/bin'),
    link('usr/bin/node', `../../${HOME}/bin/node`),
    // where programs look for their loader and their libraries
    link(process.arch === 'arm64' ? `lib/${loader}` : `lib64/${loader}`, `../${HOME}/lib/${loader}`),
    link(`lib/${triplet}`, `../${HOME}/lib`),
    textFile('etc/passwd', `root:x:0:0:root:/:/bin/sh\nnonroot:x:${USER}:${USER}:nonroot:/tmp:/bin/sh\n`),
    textFile('etc/group', `root:x:0:\nnonroot:x:${USER}:\n`),
    textFile('etc/nsswitch.conf', 'hosts: files dns\n'),
    { path: 'tmp', kind: 'directory', mode: 0o1777 },
  ];
}

function link(path: string, target: string): TarEntry {
  return { path, kind: 'link', target };
}
