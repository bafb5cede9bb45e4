import { globSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { run } from 'node:test';
import { grouped } from '../test-groups.ts';
import type { Say } from '../cluster/run.ts';
import { type Part, type SuiteName, type Totals, suiteOf } from './suites.ts';

const root = dirname(dirname(import.meta.dirname));
const CACHE = join(root, 'node_modules', '.cache');
/** A file that does not end has failed: nobody waits for it until the whole run is given up. */
const FILE_TIMEOUT_MS = 8 * 60_000;
const SLOWEST = 8;

/** Lines of suites that run at the same time are told apart by their beginning. */
export function sayAs(name: SuiteName): Say {
  return (text) => void process.stdout.write(`${text.replaceAll(/^/gm, `${name}: `)}\n`);
}

export function filesOf(name: SuiteName, part: Part): readonly string[] {
  const { files, alone = [] } = suiteOf(name);
  const found = (patterns: readonly string[]): readonly string[] => globSync([...patterns], { cwd: root }).toSorted();
  const measuring = new Set(found(alone));
  return found(files)
    .filter((file) => measuring.has(file) === (part === 'alone'))
    .map((file) => join(root, file));
}

/** Runs files of one suite, prints what fails and what is skipped, and counts. */
export async function runSuite(name: SuiteName, part: Part): Promise<Totals> {
  const files = filesOf(name, part);
  const say = sayAs(name);
  const totals = { passed: 0, failed: 0, skipped: 0 };
  if (files.length === 0) return totals;
  const started = performance.now();
  say(`${files.length} files${part === 'alone' ? ' that measure' : ''}`);
  const times: FileTime[] = [];
  for await (const event of eventsOf(name, files)) {
    if (event.type === 'test:summary' && event.data.file !== undefined)
      times.push({ file: event.data.file, ms: event.data.duration_ms });
    if (event.type === 'test:pass' && isTest(event.data)) {
      totals[isSkipped(event.data) ? 'skipped' : 'passed'] += 1;
      if (isSkipped(event.data)) say(skipOf(event.data));
    }
    if (event.type === 'test:fail' && isTest(event.data)) {
      totals.failed += 1;
      say(failureOf(event.data));
    }
    if (event.type === 'test:diagnostic' && event.data.file !== undefined) say(`  ${event.data.message}`);
    if (event.type === 'test:stderr' || event.type === 'test:stdout') process.stderr.write(event.data.message);
  }
  say(`  slowest: ${slowestOf(times)}`);
  say(`done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return totals;
}

function eventsOf(name: SuiteName, files: readonly string[]): ReturnType<typeof run> {
  // Files of the same rooms read the same sources: half of a short file's time. What users start is measured as they start it.
  if (name === 'unit') process.env['NODE_COMPILE_CACHE'] ??= join(CACHE, 'compiled');
  else delete process.env['NODE_COMPILE_CACHE'];
  return run({
    files: name === 'unit' ? [...grouped(files, join(CACHE, 'tests'))] : [...files],
    concurrency: suiteOf(name).concurrency,
    cwd: root,
    timeout: FILE_TIMEOUT_MS,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
}

interface FileTime {
  readonly file: string;
  readonly ms: number;
}

function slowestOf(times: readonly FileTime[]): string {
  return times
    .toSorted((one, other) => other.ms - one.ms)
    .slice(0, SLOWEST)
    .map(({ file, ms }) => `${basename(file).replace(/\.test\.ts$|\.mjs$/, '')} ${(ms / 1000).toFixed(1)} s`)
    .join(', ');
}

interface TestReport {
  readonly name: string;
  readonly file?: string | undefined;
  readonly skip?: string | boolean | undefined;
  readonly details: { readonly type?: string | undefined; readonly error?: unknown };
}

function isTest({ details }: TestReport): boolean {
  return details.type !== 'suite';
}

function isSkipped({ skip }: TestReport): boolean {
  return skip !== undefined && skip !== false;
}

function skipOf({ name, skip }: TestReport): string {
  return `  skipped: ${name}: ${typeof skip === 'string' ? skip : 'no reason given'}`;
}

function failureOf({ name, file = '', details: { error } }: TestReport): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const told = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return `  FAILED: ${name} (${relative(root, file)})\n${told.replaceAll(/^/gm, '    ')}`;
}
