import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild, startServed } from './child.ts';
import { type GatewaySetup, type Payload } from './protocol.ts';
import { type Pace, type Target, runOnce } from './rounds.ts';
import { type Row } from './rows.ts';
import { PATH, anIssuer } from './subject.ts';
import { LISTED_TOOLS } from './texts.ts';

export const UNFILTERED = 'as the result of a call';
const FILTERED = 'as a filtered list';

const shape = (shows: 'all' | 'even'): Payload => ({ requestBytes: 100, answer: { kind: 'list', shows } });

/** The same thousand tools through one gateway: as a list, of which the caller may see half, and as bytes of a call's result. */
export async function measureLists(pace: Pace, say: (line: string) => void): Promise<readonly Row[]> {
  await using cleanUp = new AsyncDisposableStack();
  const spool = await mkdtemp(join(tmpdir(), 'mcp-runtime-bench-'));
  cleanUp.defer(() => rm(spool, { recursive: true, force: true }));
  const { publicKey, tokenFor } = anIssuer();
  const upstream = cleanUp.use(await startChild(new URL('../upstream/main.ts', import.meta.url), null));
  const load = cleanUp.use(await startChild(new URL('../load/main.ts', import.meta.url), null));
  const setup: GatewaySetup = { upstream: upstream.url, policy: 'large', audit: 'spool', spool, publicKey };
  const gateway = cleanUp.use(await startServed(new URL('../gateway/main.ts', import.meta.url), setup));
  const target: Target = { name: '', processes: [gateway], url: gateway.url + PATH, token: tokenFor('alice', 0) };
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
