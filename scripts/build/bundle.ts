import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Plugin, build } from 'esbuild';

const root = dirname(dirname(import.meta.dirname));
export const BUNDLE = join(root, 'dist');

/** A package of which code is in the bundle. `folder` is its key in the lockfile: `node_modules/zod`. */
export interface BundledPackage {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

/** zod exports messages in fifty languages as one object, which keeps them all: 370 KB that every process would read. */
const englishOnly: Plugin = {
  name: 'english-only',
  setup(bundling) {
    bundling.onResolve({ filter: /\/locales\/index\.js$/ }, ({ path, importer }) =>
      importer.includes('/node_modules/zod/')
        ? { path: join(dirname(importer), path.replace('index.js', 'en.js')) }
        : undefined,
    );
  },
};

/** Writes dist/cli.js and its chunks, which depend on nothing at run time, and the licences of what is in them. */
export async function bundle(): Promise<readonly BundledPackage[]> {
  rmSync(BUNDLE, { recursive: true, force: true });
  mkdirSync(BUNDLE);
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { cli: 'apps/cli/src/main.ts' },
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    chunkNames: 'chunk-[hash]',
    metafile: true,
    minifyWhitespace: true,
    // Stack traces keep useful line numbers.
    lineLimit: 160,
    plugins: [englishOnly],
    legalComments: 'none',
    logLevel: 'warning',
    // CommonJS dependencies call require for Node's own modules.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);",
    },
  });
  for (const asset of globSync('{packages,apps}/*/src/**/*.sh', { cwd: root })) {
    copyFileSync(join(root, asset), join(BUNDLE, basename(asset)));
  }
  const packages = packagesOf(Object.keys(metafile.inputs));
  writeFileSync(join(BUNDLE, 'THIRD-PARTY-LICENSES.txt'), packages.map(licenceText).join('\n'));
  return packages;
}

function packagesOf(inputs: readonly string[]): readonly BundledPackage[] {
  const folders = new Set(
    inputs.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? []),
  );
  return [...folders].toSorted().map((folder) => {
    const { name, version, license }: { name: string; version: string; license?: string } = JSON.parse(
      readFileSync(join(root, folder, 'package.json'), 'utf8'),
    );
    return { folder, name, version, license: license ?? 'see below' };
  });
}

function licenceText({ folder, name, version, license }: BundledPackage): string {
  const [file] = globSync('{LICENSE,LICENCE,license,License}*', { cwd: join(root, folder) });
  const text = file === undefined ? '' : readFileSync(join(root, folder, file), 'utf8');
  return `${name} ${version} (${license})\n\n${text}\n${'-'.repeat(80)}\n`;
}
