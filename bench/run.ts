// Measures what a governed call costs beside a plain pass-through and beside published proxies, and what the program costs.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { flagsOf, refuse } from '../scripts/flags.ts';
import { measureCalls } from './lab/calls.ts';
import { measureDecisions } from './lab/decisions.ts';
import { measureDenied } from './lab/denied.ts';
import { measureGoverned } from './lab/governed.ts';
import { measurePeers } from './lab/peers.ts';
import { measureHelp, measureMemory } from './lab/program.ts';
import { measureLists } from './lab/lists.ts';
import { toRaw } from './lab/raw.ts';
import { measureStreams } from './lab/streams.ts';
import { type Report, reportText, thisMachine } from './lab/report.ts';

const PARTS = ['calls', 'rate', 'lists', 'peers', 'streams', 'denied', 'decisions', 'help', 'memory'];
const here = import.meta.dirname;
const root = join(here, '..');
const USAGE = `usage: npm run bench [-- FLAGS]

  --only PART,…            of ${PARTS.join(', ')}; all unless given
  --rounds N               5 unless given
  --seconds N              of each measurement; 1 unless given
  --load TEXT              only loads with this in their name
  --targets TEXT,…         only targets with one of these in their name
  --streams N              open streams; 10000 unless given
  --against CHECKOUT       another checkout of the project, measured in the same rounds
  --governed-peer PROGRAM  a governed proxy of somebody else, measured beside
  --output json            the report as JSON`;
const values = flagsOf(USAGE, {
  rounds: { type: 'string', default: '5' },
  seconds: { type: 'string', default: '1' },
  only: { type: 'string', default: PARTS.join(',') },
  load: { type: 'string', default: '' },
  targets: { type: 'string', default: '' },
  streams: { type: 'string', default: '10000' },
  against: { type: 'string' },
  'governed-peer': { type: 'string' },
  output: { type: 'string', default: 'table' },
});
const parts = new Set(values.only.split(','));
const unknown = [...parts].find((part) => !PARTS.includes(part));
if (unknown !== undefined) refuse(USAGE, `--only takes ${PARTS.join(', ')}, not ${unknown}`);

const pace = { rounds: positive('--rounds', values.rounds), seconds: positive('--seconds', values.seconds) };
const against = values.against === undefined ? undefined : resolve(values.against);
const governedPeer = values['governed-peer'];
const say = (line: string): void => void process.stderr.write(`${line}\n`);
const hasCalls = parts.has('calls') || parts.has('rate');
const report: Report = {
  at: new Date().toISOString(),
  machine: thisMachine(),
  pace,
  ...(parts.has('help') ? { help: measureHelp(root) } : {}),
  ...(parts.has('memory') ? { memory: await measureMemory(root) } : {}),
  rows: [
    ...(hasCalls
      ? await measureCalls({ pace, against, parts, filter: values.load, only: values.targets.split(','), say })
      : []),
    ...(parts.has('lists') ? await measureLists(pace, say) : []),
    ...(governedPeer === undefined ? [] : await measureGoverned(resolve(governedPeer), pace, say)),
    ...(parts.has('peers') ? await measurePeers(pace, say) : []),
  ],
  ...(parts.has('streams') ? { streams: await measureStreams(positive('--streams', values.streams), say) } : {}),
  ...(parts.has('decisions') ? { decisions: measureDecisions() } : {}),
  ...(parts.has('denied') ? { denied: await measureDenied(pace) } : {}),
};
const json = `${JSON.stringify(report, null, 2)}\n`;
const results = join(here, 'results');
mkdirSync(results, { recursive: true });
writeFileSync(join(results, '.gitignore'), '*\n');
writeFileSync(join(results, 'latest.json'), toRaw(report));
process.stdout.write(values.output === 'json' ? json : reportText(report));

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) refuse(USAGE, `${flag} takes a positive number, not ${text}`);
  return value;
}
