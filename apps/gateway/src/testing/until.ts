import { setImmediate as turn } from 'node:timers/promises';

/** Waits for what must come to hold; the time limit of the test run is the limit. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await turn();
}
