// Runs the test suites and ends with one line that sums them: `N passed, N failed[, N skipped]`.
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from 'node:test';
import { grouped } from './test-groups.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const CACHE = join(root, 'node_modules', '.cache');

/** Suites in order. End-to-end files start processes of their own, so they run one at a time. */
const SUITES = {
  unit: {
    files: [
      'packages/*/src/**/*.test.ts',
      'apps/*/src/**/*.test.ts',
      'test/architecture/*.test.ts',
      'test/evidence/*.test.ts',
      'scripts/**/*.test.ts',
    ],
    concurrency: 3,
  },
  e2e: { files: ['test/e2e/*.test.ts'], concurrency: 1 },
  eras: { files: ['test/eras/*.test.ts'], concurrency: 1 },
  conformance: { files: ['test/conformance/*.test.ts'], concurrency: 1 },
  hostile: { files: ['test/hostile/*.test.ts'], concurrency: 1 },
} as const;

const SUITE_NAMES = [
  'unit',
  'e2e',
  'eras',
  'conformance',
  'hostile',
] as const satisfies readonly (keyof typeof SUITES)[];
type SuiteName = (typeof SUITE_NAMES)[number];

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

const wanted = process.argv.slice(2);
const names = SUITE_NAMES.filter((name) => wanted.length === 0 || wanted.includes(name));
const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
for (const name of names) await runSuite(name);
const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed${skipped}\n`);
process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1);

async function runSuite(name: SuiteName): Promise<void> {
  const suite = SUITES[name];
  const files = globSync([...suite.files], { cwd: root })
    .toSorted()
    .map((file) => `${root}/${file}`);
  const started = performance.now();
  process.stdout.write(`${name}: ${files.length} files\n`);
  // A process for each file reads the same rooms: half of a short file's time. What users start is measured as they start it.
  if (name === 'unit') process.env['NODE_COMPILE_CACHE'] ??= join(CACHE, 'compiled');
  else delete process.env['NODE_COMPILE_CACHE'];
  const events = run({
    files: name === 'unit' ? [...grouped(files, join(CACHE, 'tests'))] : files,
    concurrency: suite.concurrency,
    cwd: root,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  for await (const event of events) {
    if (event.type === 'test:pass') countPass(event.data);
    if (event.type === 'test:fail') reportFailure(event.data);
    if (event.type === 'test:diagnostic' && event.data.file !== undefined)
      process.stdout.write(`  ${event.data.message}\n`);
    if (event.type === 'test:stderr' || event.type === 'test:stdout') process.stderr.write(event.data.message);
  }
  process.stdout.write(`${name}: done in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}

interface TestReport {
  readonly name: string;
  readonly file?: string | undefined;
  readonly skip?: string | boolean | undefined;
  readonly details: { readonly type?: string | undefined; readonly error?: unknown };
}

function countPass(test: TestReport): void {
  if (test.details.type === 'suite') return;
  if (test.skip === undefined || test.skip === false) {
    totals.passed += 1;
    return;
  }
  totals.skipped += 1;
  process.stdout.write(`  skipped: ${test.name}: ${typeof test.skip === 'string' ? test.skip : 'no reason given'}\n`);
}

function reportFailure(test: TestReport): void {
  if (test.details.type === 'suite') return;
  totals.failed += 1;
  const { error } = test.details;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  process.stdout.write(`  FAILED: ${test.name} (${(test.file ?? '').replace(`${root}/`, '')})\n`);
  process.stdout.write(`${cause instanceof Error ? cause.stack : String(cause)}\n`.replaceAll(/^/gm, '    '));
}
