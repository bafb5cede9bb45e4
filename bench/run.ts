// Measures what a governed call costs beside a plain pass-through, and what the program itself costs.
// npm run bench -- [--rounds N] [--seconds N] [--only calls,denied,help,memory] [--against CHECKOUT] [--output json]
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { measureCalls } from './lab/calls.ts';
import { measureDenied } from './lab/denied.ts';
import { measureHelp, measureMemory } from './lab/program.ts';
import { type Report, reportText, thisMachine } from './lab/report.ts';

const PARTS = ['calls', 'denied', 'help', 'memory'];
const here = import.meta.dirname;
const root = join(here, '..');
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string', default: PARTS.join(',') },
    against: { type: 'string' },
    output: { type: 'string', default: 'table' },
  },
});
const only = values.only.split(',');
const unknown = only.find((part) => !PARTS.includes(part));
if (unknown !== undefined) throw new Error(`--only takes ${PARTS.join(', ')}, not ${unknown}`);

const pace = { rounds: positive('--rounds', values.rounds), seconds: positive('--seconds', values.seconds) };
const against = values.against === undefined ? undefined : resolve(values.against);
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const report: Report = {
  at: new Date().toISOString(),
  machine: thisMachine(),
  pace,
  ...(only.includes('help') ? { help: measureHelp(root) } : {}),
  ...(only.includes('memory') ? { memory: await measureMemory(root) } : {}),
  ...(only.includes('calls') ? { calls: await measureCalls(pace, against, say) } : {}),
  ...(only.includes('denied') ? { denied: await measureDenied(pace) } : {}),
};
const json = `${JSON.stringify(report, null, 2)}\n`;
const results = join(here, 'results');
mkdirSync(results, { recursive: true });
writeFileSync(join(results, '.gitignore'), '*\n');
writeFileSync(join(results, 'latest.json'), json);
process.stdout.write(values.output === 'json' ? json : reportText(report));

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${flag} takes a positive number, not ${text}`);
  return value;
}
