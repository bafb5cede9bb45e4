// Runs the test suites and ends with one line that sums them: `N passed, N failed[, N skipped]`.
// Usage: test.ts [SUITE …]; without one all of them.
import { type Place, placeOf } from './suites/place.ts';
import { STAGES, SUITE_NAMES, type SuiteName, type Totals, sumOf } from './suites/suites.ts';

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !SUITE_NAMES.some((known) => known === name));
if (unknown.length > 0) {
  process.stderr.write(`no suite ${unknown.join(', ')}; there are: ${SUITE_NAMES.join(', ')}\n`);
  process.exit(64);
}

const totals: Totals[] = [];
for (const lines of STAGES) totals.push(await runStage(lines));
const { passed, failed, skipped } = sumOf(totals);
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

/** What may run at the same time does; then what may not. */
async function runStage(lines: readonly (readonly SuiteName[])[]): Promise<Totals> {
  const chosen = lines.map((line) => line.filter((name) => wanted.length === 0 || wanted.includes(name)));
  // There is one cluster for all of them then.
  const beside = process.env['KUBECONFIG'] === undefined ? chosen : [chosen.flat()];
  const places: Place[] = [];
  const first = await Promise.all(beside.map((line) => runLine(line, places)));
  const second: Totals[] = [];
  for (const place of places.toReversed()) {
    second.push(await place.run('alone'));
    place.end();
  }
  return sumOf([...first, ...second]);
}

async function runLine(line: readonly SuiteName[], places: Place[]): Promise<Totals> {
  const sums: Totals[] = [];
  for (const name of line) {
    const place = await placeOf(name);
    places.push(place);
    sums.push(await place.run('beside'));
  }
  return sumOf(sums);
}
