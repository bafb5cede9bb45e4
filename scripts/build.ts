// Bundles the program for the npm package: dist/cli.js and its chunks, no dependency at run time.
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'dist');

rmSync(out, { recursive: true, force: true });
mkdirSync(out);
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
  legalComments: 'none',
  logLevel: 'warning',
  // CommonJS dependencies call require for Node's own modules.
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module';\nconst require = makeRequire(import.meta.url);",
  },
});
for (const asset of globSync('{packages,apps}/*/src/**/*.sh', { cwd: root })) {
  copyFileSync(join(root, asset), join(out, basename(asset)));
}
writeFileSync(join(out, 'THIRD-PARTY-LICENSES.txt'), licencesOf(Object.keys(metafile.inputs)));

function licencesOf(inputs: readonly string[]): string {
  const packages = new Set(
    inputs.flatMap((file) => /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[0] ?? []),
  );
  return [...packages].toSorted().map(licenceOf).join('\n');
}

function licenceOf(folder: string): string {
  const manifest: { name: string; version: string; license?: string } = JSON.parse(
    readFileSync(join(root, folder, 'package.json'), 'utf8'),
  );
  const [file] = globSync('{LICENSE,LICENCE,license,License}*', { cwd: join(root, folder) });
  const text = file === undefined ? '' : readFileSync(join(root, folder, file), 'utf8');
  return `${manifest.name} ${manifest.version} (${manifest.license ?? 'see below'})\n\n${text}\n${'-'.repeat(80)}\n`;
}
