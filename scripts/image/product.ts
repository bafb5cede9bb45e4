import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { BUNDLE, type BundledPackage, bundle } from '../build/bundle.ts';
import { ENV, HOME, USER, baseFiles, baseLayer } from './base-layer.ts';
import { fileAt, textFile, treeAt, withFolders } from './files.ts';
import { debianPackageOf } from './libraries.ts';
import { type Lockfile, nameOfFolder, readLockfile } from './lockfile.ts';
import { NPM_LOCKFILE, npmLayer } from './npm.ts';
import { type ImageArchive, type ImageSpec, imageArchive } from './oci.ts';
import { type Component, integrityOf, npmPurl, sbomOf } from './sbom.ts';

const root = dirname(dirname(import.meta.dirname));
const APP = `${HOME}/app`;

export interface Product extends ImageArchive {
  readonly sbom: string;
  /** What it was made of. */
  readonly spec: ImageSpec;
}

/** The image of the program: `mcp-runtime` with Node, and npm for what runners install. */
export async function productImage(name: string): Promise<Product> {
  const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const lockfile = readLockfile(join(root, 'package-lock.json'));
  const packages = await bundle();
  const npm = await npmLayer();
  const sbom = sbomOf('mcp-runtime', version, [
    ...packages.map((one) => bundledComponent(lockfile, one)),
    ...Object.entries(readLockfile(NPM_LOCKFILE)).flatMap(([folder, one]) => lockedComponent(folder, one)),
    ...machineComponents(lockfile),
  ]);
  const app = [
    ...treeAt(BUNDLE, `${APP}/dist`),
    fileAt(join(root, 'bin/mcp-runtime.mjs'), `${APP}/bin/mcp-runtime.mjs`),
    fileAt(join(root, 'package.json'), `${APP}/package.json`),
    fileAt(join(root, 'LICENSE'), `${APP}/LICENSE`),
    textFile(`${APP}/sbom.cdx.json`, sbom),
    { path: 'usr/bin/mcp-runtime', kind: 'link', target: `../../${APP}/bin/mcp-runtime.mjs` } as const,
  ];
  const spec: ImageSpec = {
    name,
    config: {
      User: `${USER}:${USER}`,
      // No flag for the collector: the program chooses those of its role.
      Entrypoint: [`/${HOME}/bin/node`, '--disable-warning=ExperimentalWarning', `/${APP}/bin/mcp-runtime.mjs`],
      Env: ENV,
      WorkingDir: '/',
      Labels: { 'org.opencontainers.image.title': 'mcp-runtime', 'org.opencontainers.image.version': version },
    },
    // What changes least is lowest.
    layers: [withFolders(baseLayer()), withFolders(npm), withFolders(app)],
  };
  return { ...imageArchive(spec), sbom, spec };
}

function bundledComponent(lockfile: Lockfile, { folder, name, version, license }: BundledPackage): Component {
  return { purl: npmPurl(name, version), name, version, license, integrity: lockfile[folder]?.integrity };
}

function lockedComponent(folder: string, { version, license, integrity }: Lockfile[string]): readonly Component[] {
  if (folder === '' || version === undefined) return [];
  const name = nameOfFolder(folder);
  return [{ purl: npmPurl(name, version), name, version, integrity, ...(license === undefined ? {} : { license }) }];
}

/** Node, and what is taken from the machine that builds, by Debian's package. */
function machineComponents(lockfile: Lockfile): readonly Component[] {
  const files = [...baseFiles()].map(([path, source]) => fileComponent(lockfile, path, source));
  const byName = Object.groupBy(files, ({ purl, name }) => purl ?? name);
  return Object.values(byName).flatMap((same = []) => {
    const [first] = same;
    return first === undefined ? [] : [{ ...first, files: same.flatMap(({ files = [] }) => files) }];
  });
}

function fileComponent(lockfile: Lockfile, path: string, source: string): Component {
  const integrity = integrityOf(readFileSync(source));
  if (path === `${HOME}/bin/node`) {
    const version = lockfile['node_modules/node']?.version ?? 'unknown';
    return { purl: npmPurl('node', version), name: 'node', version, license: 'MIT', integrity, files: [path] };
  }
  const owner = debianPackageOf(source);
  if (owner === undefined) return { name: basename(path), version: 'unknown', integrity, files: [path] };
  return { purl: `pkg:deb/debian/${owner.name}@${owner.version}`, ...owner, files: [path] };
}
