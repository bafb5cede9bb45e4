// Runs one suite for scripts/test.ts, which started this process on the network of a cluster, and reports its totals.
import { runSuite } from './suites/run-suite.ts';
import { SUITE_NAMES } from './suites/suites.ts';

const name = SUITE_NAMES.find((known) => known === process.argv[2]);
if (name === undefined) throw new Error('this is started by scripts/test.ts');
const totals = await runSuite(name);
process.send?.(totals, () => process.disconnect?.());
