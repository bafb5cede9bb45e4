import { startOneGateway } from './one-gateway.ts';
import { type Payload } from './protocol.ts';
import { type Pace, runOnce } from './rounds.ts';
import { type Row } from './rows.ts';
import { LISTED_TOOLS } from './texts.ts';

export const UNFILTERED = 'as the result of a call';
const FILTERED = 'as a filtered list';

const shape = (shows: 'all' | 'even'): Payload => ({ requestBytes: 100, answer: { kind: 'list', shows } });

/** The same thousand tools through one gateway: as a list, of which the caller may see half, and as bytes of a call's result. */
export async function measureLists(pace: Pace, say: (line: string) => void): Promise<readonly Row[]> {
  await using cleanUp = new AsyncDisposableStack();
  const { load, target } = await startOneGateway(cleanUp, '');
  const name = `${LISTED_TOOLS} tools, 1 connection`;
  const rows: Row[] = [];
  for (let round = 0; round <= pace.rounds; round++) {
    say(`lists: round ${round} of ${pace.rounds}`);
    for (const [as, shows] of [
      [UNFILTERED, 'all'],
      [FILTERED, 'even'],
    ] as const) {
      const figures = await runOnce(load, target, { name, connections: 1, payload: shape(shows) }, pace.seconds);
      // The first round is for warming up.
      if (round > 0) rows.push({ part: 'lists', target: as, load: name, round, ...figures });
    }
  }
  return rows;
}
