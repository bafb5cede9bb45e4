// Runs one part of a suite for scripts/test.ts, which started this process on the network of a cluster, and reports its totals.
import { runSuite } from './suites/run-suite.ts';
import { PARTS, SUITE_NAMES } from './suites/suites.ts';

const [name, part] = process.argv.slice(2);
const suite = SUITE_NAMES.find((known) => known === name);
const which = PARTS.find((known) => known === part);
if (suite === undefined || which === undefined) throw new Error('this is started by scripts/test.ts');
const totals = await runSuite(suite, which);
process.send?.(totals, () => process.disconnect?.());
