// Makes docs/performance/ from kept runs, the one beside a governed proxy apart, since not everybody has that proxy.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { flagsOf } from '../scripts/flags.ts';
import { Soak, measuredOf } from './plot/measured.ts';
import { pageOf } from './plot/page.ts';
import { picturesOf } from './plot/pictures.ts';

const USAGE = `usage: npm run bench:report [-- --from FILE] [--governed FILE]

  --from FILE       a run to keep and report, such as bench/results/latest.json; the kept one unless given
  --governed FILE   a run beside a governed proxy to keep and report`;
const values = flagsOf(USAGE, { from: { type: 'string' }, governed: { type: 'string' } });
const folder = join(import.meta.dirname, '../docs/performance');
const raw = join(folder, 'raw.json');
mkdirSync(folder, { recursive: true });
if (values.from !== undefined) writeFileSync(raw, readFileSync(resolve(values.from)));
const governedFile = join(folder, 'governed.json');
if (values.governed !== undefined) writeFileSync(governedFile, readFileSync(resolve(values.governed)));
const soakFile = join(folder, 'soak.json');
const soak = existsSync(soakFile) ? Soak.parse(JSON.parse(readFileSync(soakFile, 'utf8'))) : undefined;
const measured = measuredOf(readFileSync(raw, 'utf8'));
const governed = existsSync(governedFile) ? measuredOf(readFileSync(governedFile, 'utf8')) : measured;
for (const [name, picture] of picturesOf(measured, soak)) writeFileSync(join(folder, name), picture);
writeFileSync(join(folder, 'README.md'), pageOf({ measured, governed, soak }));
