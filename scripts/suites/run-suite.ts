import { globSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { run } from 'node:test';
import { grouped } from '../test-groups.ts';
import { type SuiteName, type Totals, suiteOf } from './suites.ts';

const root = dirname(dirname(import.meta.dirname));
const CACHE = join(root, 'node_modules', '.cache');
/** A file that does not end has failed: nobody waits for it until the whole run is given up. */
const FILE_TIMEOUT_MS = 8 * 60_000;
const SLOWEST = 8;

export function filesOf(name: SuiteName): readonly string[] {
  return globSync([...suiteOf(name).files], { cwd: root })
    .toSorted()
    .map((file) => join(root, file));
}

/** Runs the files of one suite, prints what fails and what is skipped, and counts. */
export async function runSuite(name: SuiteName): Promise<Totals> {
  const files = filesOf(name);
  const totals = { passed: 0, failed: 0, skipped: 0 };
  if (files.length === 0) return totals;
  const started = performance.now();
  process.stdout.write(`${name}: ${files.length} files\n`);
  // A process for each file reads the same rooms: half of a short file's time. What users start is measured as they start it.
  if (name === 'unit') process.env['NODE_COMPILE_CACHE'] ??= join(CACHE, 'compiled');
  else delete process.env['NODE_COMPILE_CACHE'];
  const events = run({
    files: name === 'unit' ? [...grouped(files, join(CACHE, 'tests'))] : [...files],
    concurrency: suiteOf(name).concurrency,
    cwd: root,
    timeout: FILE_TIMEOUT_MS,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const times: FileTime[] = [];
  for await (const event of events) {
    if (event.type === 'test:summary' && event.data.file !== undefined)
      times.push({ file: event.data.file, ms: event.data.duration_ms });
    if (event.type === 'test:pass' && isTest(event.data)) {
      totals[isSkipped(event.data) ? 'skipped' : 'passed'] += 1;
      if (isSkipped(event.data)) printSkip(event.data);
    }
    if (event.type === 'test:fail' && isTest(event.data)) {
      totals.failed += 1;
      printFailure(event.data);
    }
    if (event.type === 'test:diagnostic' && event.data.file !== undefined)
      process.stdout.write(`  ${event.data.message}\n`);
    if (event.type === 'test:stderr' || event.type === 'test:stdout') process.stderr.write(event.data.message);
  }
  process.stdout.write(`  slowest: ${slowestOf(times)}\n`);
  process.stdout.write(`${name}: done in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  return totals;
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

function printSkip({ name, skip }: TestReport): void {
  process.stdout.write(`  skipped: ${name}: ${typeof skip === 'string' ? skip : 'no reason given'}\n`);
}

function printFailure({ name, file = '', details: { error } }: TestReport): void {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  process.stdout.write(`  FAILED: ${name} (${relative(root, file)})\n`);
  process.stdout.write(`${cause instanceof Error ? cause.stack : String(cause)}\n`.replaceAll(/^/gm, '    '));
}
