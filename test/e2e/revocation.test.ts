/** A revocation counts from the very next call, under load and on connections that are open already. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Agent, bearer, openAgent } from '../support/agent.ts';
import { ROOT } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { untilTrue } from '../support/until.ts';
import { type Up, startUpReady } from '../support/up.ts';

const CLIENTS = 50;
const REVOCATIONS = 200;
/** Calls that must have been answered before a state counts as seen. */
const ENOUGH_CALLS = CLIENTS;
const NAME = 'loader-memory';

interface Call {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly verdict: string;
}

/** Clients that call without a pause. */
interface Swarm extends AsyncDisposable {
  /** Answered calls that were started after an instant of `performance.now()`. */
  since(startedAfter: number): readonly Call[];
  /** Forgets the calls so far. */
  clear(): void;
}

function startSwarm(agents: readonly Agent[]): Swarm {
  let calls: Call[] = [];
  const stop = new AbortController();
  const keepCalling = async (agent: Agent): Promise<void> => {
    while (!stop.signal.aborted) {
      const startedAt = performance.now();
      // An answer that was under way when access was taken ends with its connection.
      const { verdict } = await agent.call('read_graph').catch(() => ({ verdict: 'cut' }));
      calls.push({ startedAt, endedAt: performance.now(), verdict });
    }
  };
  const ended = Promise.all(agents.map(keepCalling));
  return {
    since: (startedAfter) => calls.filter(({ startedAt }) => startedAt > startedAfter),
    clear: () => (calls = []),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await ended;
    },
  };
}

/** A way to take access away, and what a refused call says then. */
interface Way {
  readonly reason: string;
  readonly set: (up: Up, revoked: boolean) => Promise<void>;
}

const WAYS: readonly Way[] = [
  { reason: 'session_revoked', set: (up, revoked) => up.setSessionRevoked(NAME, revoked) },
  { reason: 'tool_not_granted', set: (up, disabled) => up.setGrantDisabled(NAME, disabled) },
];

test(`${REVOCATIONS} revocations under ${CLIENTS} clients: no call that starts later is allowed`, async (t) => {
  await using folder = await tempDir();
  await using up = await startUpReady({
    dataDir: folder.path,
    files: [join(ROOT, 'test/e2e/testdata/load.yaml')],
    flags: ['--quiet'],
  });
  const credentials = bearer(await up.token(NAME));
  const agents: Agent[] = [];
  for (let n = 0; n < CLIENTS; n++) agents.push(await openAgent(`${up.gatewayUrl}/memory/mcp`, credentials));
  await using swarm = startSwarm(agents);
  const lags: number[] = [];
  let refused = 0;
  for (let round = 0; round < REVOCATIONS; round++) {
    const { reason, set } = WAYS[round % WAYS.length] ?? assert.fail('no way');
    await set(up, true);
    const revokedAt = performance.now();
    refused += await expectAll(swarm, revokedAt, reason, `round ${round}`);
    const late = swarm.since(0).filter(({ verdict, endedAt }) => verdict === 'allowed' && endedAt > revokedAt);
    lags.push(Math.max(0, ...late.map(({ endedAt }) => endedAt - revokedAt)));
    swarm.clear();
    await set(up, false);
    await expectAll(swarm, performance.now(), 'allowed', `round ${round}`);
    swarm.clear();
  }
  t.diagnostic(`${refused} refused calls; last allowed answer after a revocation had returned: ${spread(lags)}`);
});

/** Waits for calls that started after an instant; every one of them has this verdict. Returns how many there were. */
async function expectAll(swarm: Swarm, startedAfter: number, verdict: string, when: string): Promise<number> {
  await untilTrue(`${when}: calls are answered`, () => swarm.since(startedAfter).length >= ENOUGH_CALLS);
  const calls = swarm.since(startedAfter);
  const others = calls.filter((call) => call.verdict !== verdict);
  assert.deepEqual(others, [], `${when}: not ${verdict}, though they started after ${startedAfter.toFixed(1)}`);
  return calls.length;
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => `${(sorted[Math.ceil(share * sorted.length) - 1] ?? 0).toFixed(1)} ms`;
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`;
}
