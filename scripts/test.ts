// Runs the test suites and ends with one line that sums them: `N passed, N failed[, N skipped]`.
// Usage: test.ts [SUITE …]; without one all of them.
import { runOnCluster } from './suites/on-cluster.ts';
import { runSuite } from './suites/run-suite.ts';
import { SUITE_NAMES, type SuiteName, type Totals, suiteOf } from './suites/suites.ts';

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !SUITE_NAMES.some((known) => known === name));
if (unknown.length > 0) {
  process.stderr.write(`no suite ${unknown.join(', ')}; there are: ${SUITE_NAMES.join(', ')}\n`);
  process.exit(64);
}

const totals = { passed: 0, failed: 0, skipped: 0 };
for (const name of SUITE_NAMES.filter((known) => wanted.length === 0 || wanted.includes(known))) {
  const { passed, failed, skipped } = await runNamed(name);
  totals.passed += passed;
  totals.failed += failed;
  totals.skipped += skipped;
}
const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed${skipped}\n`);
process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1);

async function runNamed(name: SuiteName): Promise<Totals> {
  const { cluster } = suiteOf(name);
  try {
    return cluster === undefined ? await runSuite(name) : await runOnCluster(name, cluster);
  } catch (error) {
    process.stdout.write(`  FAILED: ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
