import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { LABELS } from '../../packages/api/src/index.ts';
import { type GuideCommand, commandsOf } from '../support/guide.ts';
import { applyIn, kubectl } from '../support/kubectl.ts';
import { untilTrue } from '../support/until.ts';
import { ENDS_AT_ONCE, everythingWith } from './support/everything.ts';

const ROOT = join(import.meta.dirname, '../..');
const NAMESPACE = 'mcp-servers';
const TEAM = 'mcp-team-blue';
/** Of the guides. */
const SERVER = 'files';
/** Names of images that are nobody's, and digests that the reader fills in. */
const PLACEHOLDER = /registry\.example\.com|…/;
/** Goes from one kind of volume to the other, which wants volumes: `faults.test.ts` has some. */
const ELSEWHERE = /Where audit records are$/;
/** What a command asks for comes in a moment: the operator furnishes a namespace, the API server knows a kind. */
const PATIENCE_MS = 120_000;

/**
 * The commands of the guides, one after another, as a reader would type them. They remove every server of the cluster, so on
 * none but one that was started for tests.
 */
suite(
  'guides',
  { skip: process.env['MCP_CLUSTER_DIR'] === undefined && 'the cluster of KUBECONFIG is not ours' },
  () => {
    after(async () => {
      await kubectl(['delete', 'namespace', NAMESPACE, TEAM, '--ignore-not-found', '--wait=false']);
    });

    test('install', async () => {
      await runAll(await sectionsOf('install-kubernetes.md', ({ where }) => !where.endsWith('Uninstall')));
      await kubectl(['create', 'namespace', NAMESPACE]);
      await applyIn(NAMESPACE, everythingWith({ granted: ['echo'], name: SERVER, spec: ENDS_AT_ONCE }));
    });

    test('operate', async () => {
      await runAll(await sectionsOf('operate-kubernetes.md'));
    });

    test('teams', async () => {
      await runAll(await sectionsOf('tenancy.md'));
      const quota = ['get', 'resourcequota', '--output=jsonpath={.items[*].spec.hard.pods}'];
      assert.equal(await kubectl(['--namespace', TEAM, ...quota]), '60');
    });

    test('uninstall: nothing of the installation is left', async () => {
      await runAll(await sectionsOf('install-kubernetes.md', ({ where }) => where.endsWith('Uninstall')));
      const kinds = 'namespaces,clusterroles,clusterrolebindings,crds,validatingwebhookconfigurations,priorityclasses';
      const ours = ['get', kinds, '--selector=app.kubernetes.io/part-of=mcp-runtime', '--output=name'];
      await untilTrue('it is gone', async () => (await kubectl(ours)) === '');
      const servers = ['get', 'deployments,services,networkpolicies', `--selector=${LABELS.server}`, '--output=name'];
      await untilTrue('so are servers', async () => (await kubectl([...servers, '--namespace', NAMESPACE])) === '');
    });
  },
);

async function sectionsOf(
  guide: string,
  which: (command: GuideCommand) => boolean = () => true,
): Promise<readonly GuideCommand[]> {
  const commands = (await commandsOf(guide)).filter(
    (one) => which(one) && !PLACEHOLDER.test(one.text) && !ELSEWHERE.test(one.where),
  );
  assert.ok(commands.length > 0, `${guide} shows no command that can be run`);
  return commands;
}

async function runAll(commands: readonly GuideCommand[]): Promise<void> {
  for (const { where, text } of commands) {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', text], { cwd: ROOT });
        break;
      } catch (error) {
        if (performance.now() > deadline) throw new Error(`${where}: $ ${text}`, { cause: error });
      }
    }
  }
}
