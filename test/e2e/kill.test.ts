/** `kill -9` at any moment: no process stays, and nothing that was acknowledged is lost. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { bearer, openAgent } from '../support/agent.ts';
import { cliText } from '../support/cli.ts';
import { Ledger } from '../support/ledger.ts';
import { HAS_PROC, areGone, serversOf } from '../support/processes.ts';
import { ROOT } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { untilTrue } from '../support/until.ts';
import { type Up, startUpProgram, startUpReady } from '../support/up.ts';

const KILLS = Number(process.env['MCP_E2E_KILLS'] ?? 50);
const FILES = [join(ROOT, 'test/e2e/testdata/load.yaml')];
/** Every fifth kill hits the start instead of the work. */
const START_KILL_EVERY = 5;
const MAX_START_MS = 700;
const MAX_WORK_MS = 500;

const CALLS = [
  { server: 'memory', session: 'loader-memory', tool: 'read_graph' },
  { server: 'memory', session: 'loader-memory', tool: 'read_graph' },
  { server: 'files', session: 'loader-files', tool: 'list_allowed_directories' },
  { server: 'files', session: 'loader-files', tool: 'list_allowed_directories' },
] as const;

/** What the rounds have in common. */
interface Trial {
  readonly dataDir: string;
  readonly ledger: Ledger;
  /** Correlation ids of answered calls whose records were not looked for yet. */
  answered: string[];
  calls: number;
  /** From when on to look for them, RFC 3339. */
  since: string;
}

test(`${KILLS} times kill -9 under load`, { skip: HAS_PROC ? false : 'needs /proc' }, async (t) => {
  await using folder = await tempDir();
  const since = new Date().toISOString();
  const trial: Trial = { dataDir: folder.path, ledger: new Ledger(), answered: [], calls: 0, since };
  for (let round = 1; round <= KILLS; round++) {
    if (round % START_KILL_EVERY === 0) await killStart(trial);
    else await killWork(trial, round);
    await untilTrue(`round ${round} left no process`, async () => (await serversOf(trial.dataDir)).length === 0);
  }
  await using up = await startUpReady({ dataDir: trial.dataDir, files: FILES });
  await checkNothingLost(trial, up, `after ${KILLS} kills`);
  assert.match(await cliText(['audit', 'verify'], up), /the log is whole/);
  t.diagnostic(`${KILLS} kills, ${trial.calls} answered calls, ${trial.ledger.changes} acknowledged changes`);
});

async function killStart({ dataDir }: Trial): Promise<void> {
  await using program = await startUpProgram({ dataDir, files: FILES });
  // The moment is the point of the test, so it is left to chance.
  await delay(Math.random() * MAX_START_MS);
  program.kill('SIGKILL');
  await program.exited;
}

async function killWork(trial: Trial, round: number): Promise<void> {
  await using up = await startUpReady({ dataDir: trial.dataDir, files: FILES });
  await checkNothingLost(trial, up, `round ${round}`);
  const agents = await Promise.all(
    CALLS.map(async ({ server, session, tool }) => {
      const agent = await openAgent(`${up.gatewayUrl}/${server}/mcp`, bearer(await up.token(session)));
      return { agent, tool };
    }),
  );
  trial.since = new Date().toISOString();
  const work = [
    ...agents.map(({ agent, tool }) =>
      untilItFails(async () => {
        const { requestId, verdict } = await agent.call(tool);
        assert.equal(verdict, 'allowed');
        trial.answered.push(requestId);
      }),
    ),
    untilItFails((turn) => trial.ledger.writeGrant(up, `counter-${turn % 3}`, `${round}.${turn}`)),
    untilItFails((turn) => trial.ledger.revokeSession(up, 'toggled', turn % 2 === 0)),
    trial.ledger.writeGrant(up, `created-${round}`, String(round)).catch(() => {}),
  ];
  await delay(Math.random() * MAX_WORK_MS);
  const servers = await serversOf(trial.dataDir);
  up.program.kill('SIGKILL');
  await Promise.all([up.program.exited, ...work]);
  await untilTrue(`the servers of round ${round} are gone`, () => areGone(servers));
}

/** Does it again and again. It fails when the runtime is gone; what an assertion finds is passed on. */
async function untilItFails(act: (turn: number) => Promise<void>): Promise<void> {
  for (let turn = 0; ; turn++) {
    try {
      await act(turn);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return;
    }
  }
}

async function checkNothingLost(trial: Trial, up: Up, when: string): Promise<void> {
  await trial.ledger.check(up, when);
  const recorded = new Set((await up.events({ from: trial.since })).map(({ payload }) => payload.request_id));
  const lost = trial.answered.filter((id) => !recorded.has(id));
  assert.deepEqual(lost, [], `${when}: of ${trial.answered.length} answered calls these are not recorded`);
  const { ok, firstBad } = await up.verify();
  assert.ok(ok, `${when}: ${JSON.stringify(firstBad)}`);
  trial.calls += trial.answered.length;
  trial.answered = [];
}
