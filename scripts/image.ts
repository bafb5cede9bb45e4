// Writes the product's image as an OCI archive, without Docker. docs/guide/image.md
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { flagsOf } from './flags.ts';
import { everythingImage } from './image/everything.ts';
import { writePrevious } from './image/previous.ts';
import { productImage } from './image/product.ts';
import { pythonImage } from './image/python.ts';
import { fetchWheels } from './image/wheels.ts';

const root = dirname(import.meta.dirname);
const USAGE = `usage: npm run image [-- --name NAME] [--out FOLDER] [--tests] [--previous]

  --name NAME    of the image; localhost/mcp-runtime:dev unless given
  --out FOLDER   where the archives are written; build/images unless given
  --tests        also the images that tests need
  --previous     also the image of the commit before`;
const values = flagsOf(USAGE, {
  name: { type: 'string', default: 'localhost/mcp-runtime:dev' },
  out: { type: 'string', default: 'build/images' },
  tests: { type: 'boolean', default: false },
  previous: { type: 'boolean', default: false },
});
const out = resolve(root, values.out);
mkdirSync(out, { recursive: true });

const product = await productImage(values.name);
writeFileSync(join(out, 'mcp-runtime.cdx.json'), product.sbom);
write('mcp-runtime', values.name, product);
if (values.tests) writeForTests();
if (values.previous) {
  const previous = await writePrevious();
  say('unavailable' in previous ? previous.unavailable : `${previous.image}  of ${previous.commit}`);
}

function writeForTests(): void {
  write('mcp-everything', 'localhost/mcp-everything:test', everythingImage('localhost/mcp-everything:test'));
  const python = pythonImage('localhost/mcp-runtime-python:test', product);
  const missing = python === undefined ? 'no python3 with venv here' : fetchWheels(out);
  if (python === undefined || missing !== undefined) return say(`without packages of PyPI: ${missing}`);
  write('mcp-runtime-python', 'localhost/mcp-runtime-python:test', python);
}

function write(file: string, name: string, { bytes, digest }: { bytes: Buffer; digest: string }): void {
  const path = join(out, `${file}.tar`);
  writeFileSync(path, bytes);
  say(`${name}@${digest}  ${relative(root, path)}  ${(bytes.length / 2 ** 20).toFixed(0)} MiB`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
