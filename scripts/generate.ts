// Writes every generated file; with `--check` writes none and exits 1 when one is stale.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cliFiles } from './generate/cli.ts';
import { crdFiles } from './generate/crds.ts';
import { evidenceFiles } from './generate/evidence.ts';
import { helmFiles } from './generate/install/helm.ts';
import { kustomizeFiles } from './generate/install/kustomize.ts';
import { pageFiles } from './generate/pages.ts';
import { schemaFiles } from './generate/schemas.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Path from the root of the repository, and what makes the text of that file. */
const generators: readonly Readonly<Record<string, () => string>>[] = [
  crdFiles,
  kustomizeFiles,
  helmFiles,
  schemaFiles,
  pageFiles,
  cliFiles,
  evidenceFiles,
];

const files = generators.flatMap((group) => Object.entries(group)).map(([path, make]) => ({ path, text: make() }));
const stale = files.filter(({ path, text }) => textAt(path) !== text);

if (process.argv.includes('--check')) {
  for (const { path } of stale) process.stdout.write(`${path} is stale: run \`npm run generate\`\n`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const { path, text } of stale) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    process.stdout.write(`${path}\n`);
  }
}

function textAt(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}
