import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALLOWED_DIFFERENCES } from './allowed-differences.ts';
import { type Difference, compare } from './compare.ts';
import { startDualEraServer } from './dual-era/server.ts';
import { startEverything } from './everything.ts';
import { govern } from './governed.ts';
import { type Subject, toolsOf } from './subject.ts';
import { type CheckResult, REQUIREMENT_SETS, type RequirementSet, findSuite, runSuite } from './suite.ts';

interface Server {
  readonly name: string;
  readonly start: () => Promise<Subject>;
  readonly sets: readonly RequirementSet[];
  /** Scenarios that the server itself fails, since it does not have what they ask for. */
  readonly lacks: RegExp;
}

const NOTHING = /^$/;

const SERVERS: readonly Server[] = [
  // It has tools of its own in place of those that the suite calls, and it speaks no revision after 2025-11-25.
  { name: 'server-everything', start: startEverything, sets: ['2025-11-25'], lacks: /./ },
  { name: 'dual-era server', start: startDualEraServer, sets: REQUIREMENT_SETS, lacks: NOTHING },
];

/** One gateway, and three behind a round-robin balancer. */
const REPLICAS = [1, 3] as const;

const suite = findSuite();
const skip =
  suite === undefined
    ? '`@modelcontextprotocol/conformance` is not installed; MCP_CONFORMANCE_DIR can name its folder'
    : false;

for (const { name, start, sets, lacks } of SERVERS) {
  for (const set of sets) {
    test(`${name}: every check of ${set} ends through the gateway as it does directly`, { skip }, async (t) => {
      assert.ok(suite !== undefined);
      await using server = await start();
      const tools = await toolsToAllow(server);
      const direct = await runSuite(suite, set, server.url.href);
      t.diagnostic(`${name}, ${set}: directly ${totals(direct)}`);

      for (const replicas of REPLICAS) {
        await using governed = await govern(server.url, { tools, replicas });
        const through = await runSuite(suite, set, governed.url);

        const permitted = governed.events.filter(({ payload }) => payload.decision === 'allow').length;
        t.diagnostic(`${name}, ${set}: through ${replicas} gateways ${totals(through)}`);
        t.diagnostic(`${governed.events.length} requests were recorded, ${permitted} of them permitted`);
        const differences = compare(direct, through);
        for (const { check, messages } of differences) t.diagnostic(`${check}: ${messages.join(' | ')}`);
        const allowed = ALLOWED_DIFFERENCES.filter((one) => one.server === name);
        assert.deepEqual(differences.map(toLine), allowed.map(toLine));
        assert.ok(permitted > 0, 'policy decided about nothing');
        assert.ok(
          governed.shares().every((share) => share > 0),
          'a replica served nothing',
        );
      }

      const failed = direct.filter(({ scenario, status }) => status === 'FAILURE' && !lacks.test(scenario));
      assert.deepEqual(failed, [], 'the server itself fails, so there is nothing to compare');
    });
  }
}

/** Those of the server, and those that the suite calls although the server does not have them: that is its to say. */
async function toolsToAllow(server: Subject): Promise<readonly string[]> {
  await using complete = await startDualEraServer();
  return [...new Set([...(await toolsOf(server)), ...(await toolsOf(complete))])];
}

function toLine({ scenario, check, direct, governed }: Omit<Difference, 'messages'>): string {
  return `${scenario} ${check}: ${direct} directly, ${governed} through the gateway`;
}

function totals(results: readonly CheckResult[]): string {
  const counts = Map.groupBy(results, ({ status }) => status);
  return [...counts].map(([status, { length }]) => `${length} ${status}`).join(', ');
}
