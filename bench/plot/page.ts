import { COLUMNS } from '../lab/report.ts';
import { type Summary } from '../lab/rows.ts';
import { type Budget, budgetsOf } from './budgets.ts';
import { type Measured, type Soak } from './measured.ts';

interface Kept {
  readonly measured: Measured;
  /** The run beside a published proxy that governs: the same one, or another. */
  readonly governed: Measured;
  readonly soak: Soak | undefined;
}

/** The page of a run, in Markdown. */
export function pageOf({ measured, governed, soak }: Kept): string {
  const { at, machine, pace, summaries } = measured;
  return [
    '# Measured',
    '',
    '<!-- Made by `npm run bench:report` from raw.json, governed.json and soak.json: do not edit. -->',
    '',
    `One run of \`npm run bench -- --rounds ${pace.rounds} --seconds ${pace.seconds}\` at ${at}. What is measured, and how, is in`,
    '[performance](../performance.md). Figures of different runs are not comparable; ratios within one run are.',
    '',
    `**Machine**: Node ${machine.node}, ${machine.system}, ${machine.cores} cores (${machine.processor}) shared by load, proxy and`,
    `server, ${Math.round(machine.memoryMiB / 1024)} GiB. A virtual machine on which other work went on at times: the thin lines are the lowest and`,
    'highest of the rounds.',
    '',
    '## Budgets',
    '',
    '| what | at most | found | |',
    '|---|---:|---:|---|',
    ...budgetsOf(measured, governed).map(budgetLine),
    '',
    '## Connections',
    '',
    '![Processor time by number of connections](connections.svg)',
    '',
    ...tables(summaries.filter(({ part, load }) => part === 'calls' && load.startsWith('1 KiB'))),
    '## Payloads',
    '',
    '![Processor time by payload](payloads.svg)',
    '',
    ...tables(summaries.filter(({ part, load }) => part === 'calls' && !load.startsWith('1 KiB'))),
    '## Fixed rate',
    '',
    'Half of what the pass-through can take. Calls fall due on the millisecond and their time counts from then.',
    '',
    '![Time to answer at a fixed rate](latency.svg)',
    '',
    ...tables(summaries.filter(({ part }) => part === 'rate')),
    ...governedSection(governed),
    '## Published proxies',
    '',
    'HTTP for one server on standard input and output, one session. Processor time is that of the proxy without the server; of',
    '“our gateway and bridge” that of both, with a session token, the large policy and the audit spool. The others check nothing.',
    '',
    '![Processor time of published proxies](peers.svg)',
    '',
    ...tables(summaries.filter(({ part }) => part === 'peers')),
    '## Lists',
    '',
    'A list of 1,000 tools (250 KB) of which the caller may see half, and the same bytes as the result of a call.',
    '',
    ...tables(summaries.filter(({ part }) => part === 'lists')),
    ...streamSection(measured),
    ...soakSection(soak),
    '## Again',
    '',
    '    npm run bench -- --rounds 5 --seconds 1',
    '    npm run test:soak -- --minutes 60 --output docs/performance/soak.json',
    '    npm run bench:report -- --from bench/results/latest.json',
    '',
    'The last line keeps each round of the run in `raw.json`, four digits of each figure, and makes this page and its pictures.',
    '',
  ].join('\n');
}

function governedSection({ at, summaries: all }: Measured): readonly string[] {
  const summaries = all.filter(({ part }) => part === 'governed');
  if (summaries.length === 0) return [];
  return [
    '## A published proxy that governs',
    '',
    `Measured at ${at} on the same machine.`,
    'Before the same server over HTTP, in one session, every answer checked. `mcp-proxy` 0.6.0 of Rust (release build without link-time',
    'optimisation, features `oauth` and `metrics`) checks a JWT, gives a role its tools, counts, and writes an audit line for each call to',
    'its standard output, which nobody keeps. Ours has the large policy and its hash-chained spool on the disk.',
    '',
    ...tables(summaries),
  ];
}

function budgetLine({ what, limit, found, isMet }: Budget): string {
  const verdict = isMet === undefined ? '' : isMet ? 'met' : '**not met**';
  return `| ${what} | ${limit} | ${found} | ${verdict} |`;
}

function tables(summaries: readonly Summary[]): readonly string[] {
  return Map.groupBy(summaries, ({ load }) => load)
    .entries()
    .toArray()
    .flatMap(([load, rows]) => [
      `| ${load} | ${COLUMNS.map(({ title }) => title).join(' | ')} |`,
      `|---|${COLUMNS.map(() => '---:|').join('')}`,
      ...rows.map((row) => `| ${row.target} | ${COLUMNS.map(({ of }) => of(row)).join(' | ')} |`),
      '',
    ]);
}

function streamSection({ streams, denied, memory }: Measured): readonly string[] {
  const lines: string[] = [];
  if (streams !== undefined) {
    const { idleMiB, openMiB, afterMiB, openingMs, serverNoticeMs, policyChangeMs, thousandChangesMs } = streams;
    const ms = (value: number): string => `${value.toFixed(0)} ms`;
    lines.push(
      '## Open streams',
      '',
      `${streams.streams.toLocaleString('en')} open streams of as many sessions${streams.limitedBy === '' ? '' : ` (${streams.limitedBy})`}, under the large policy.`,
      '',
      '| | |',
      '|---|---:|',
      `| resident before, with all open, after what follows | ${[idleMiB, openMiB, afterMiB].map((one) => one.toFixed(0)).join(', ')} MiB |`,
      `| opening all | ${ms(openingMs)} |`,
      `| one notice of the server on each | ${ms(serverNoticeMs)} |`,
      `| one change of policy, told to all | ${ms(policyChangeMs)} |`,
      `| a thousand changes in a row, until all have been told | ${ms(thousandChangesMs)} |`,
      `| processor time of a call meanwhile | ${streams.callCpuMicros.toFixed(0)} µs |`,
      '',
      'Of changes that come within a tenth of a second only the last is looked at for open streams, and each is told once.',
      '',
    );
  }
  lines.push('## The rest', '');
  if (denied !== undefined) {
    lines.push(
      `A refused and recorded call takes ${denied.cpuMicrosPerCall.toFixed(0)} µs of processor (${denied.callsPerSecond.toFixed(0)} a second on 32 connections), without a connection to the server.`,
    );
  }
  if (memory !== undefined) lines.push(`\`mcp-runtime up\` is resident with ${memory.upMiB.toFixed(0)} MiB.`);
  return [...lines, ''];
}

function soakSection(soak: Soak | undefined): readonly string[] {
  if (soak === undefined) return [];
  const counts = Object.entries(soak.counts).map(([kind, { done, failed }]) => `${kind} ${done} (${failed})`);
  return [
    '## Mixed load',
    '',
    `${soak.minutes} minutes from ${soak.at}, ${soak.rate} pieces of work a second, a change of policy every two seconds, and ${soak.restarts} restarts of`,
    'the server, during which work fails. The gateway records into the spool and the store. In brackets what failed:',
    `${counts.join(', ')}.`,
    '',
    `In the second half memory changed by ${soak.rssMiBPerHour.toFixed(0)} MiB an hour and descriptors by ${soak.descriptorsPerHour.toFixed(1)} an hour; ${soak.descriptorsAfter} were`,
    `open when all was quiet. ${soak.records} records, the chain ${soak.chainHolds ? 'whole' : 'broken'}.`,
    '',
    '![Resident memory](soak-memory.svg)',
    '![Descriptors](soak-descriptors.svg)',
    '',
  ];
}
