import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { API_VERSION, type PolicyDocument } from '../../packages/api/src/index.ts';
import { silentLogger, systemClock } from '../../packages/base/src/index.ts';
import { type GatewayPublisher, startAccessController, startOperator } from '../../apps/operator/src/index.ts';
import { type TestNamespace, kubectl, testNamespace } from '../support/kubectl.ts';
import { untilTrue } from '../support/until.ts';
import { openClient } from './support/cluster.ts';
import { onlyIn } from './support/only-in.ts';

/** Grants and sessions of two teams on a real API server: how they stand, and what becomes of them in a policy. */

const HOUR = 3_600_000;
const client = await openClient();
const teamA = await testNamespace('access-a');
const teamB = await testNamespace('access-b');
const ours = onlyIn(client, [teamA.name, teamB.name]);
const documents = new Map<string, PolicyDocument>();
const closing: AsyncDisposable[] = [];

before(async () => {
  await kubectl(['apply', '--server-side', '--force-conflicts', '-k', join(import.meta.dirname, '../../deploy/crds')]);
  await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=120s']);
  closing.push(await startController(systemClock));
  closing.push(await startPolicies());
});

after(async () => {
  for (const running of closing) await running[Symbol.asyncDispose]();
  await teamA[Symbol.asyncDispose]();
  await teamB[Symbol.asyncDispose]();
  await client.close();
});

function startController(clock: () => number) {
  const retention = { expiredSessionsMs: 7 * 24 * HOUR };
  return startAccessController({ client: ours, retention, clock, log: silentLogger });
}

/** The part of the operator that renders policies; nothing runs. */
function startPolicies(): Promise<AsyncDisposable> {
  const publisher: GatewayPublisher = {
    publishRoute: () => {},
    removeRoute: () => {},
    publishPolicy: ({ name }, document) => void documents.set(name, document),
    removePolicy: ({ name }) => void documents.delete(name),
    urlOf: (path) => `http://gateway${path}`,
  };
  return startOperator({
    client: ours,
    infrastructure: { ensure: () => {}, remove: async () => {}, state: () => undefined },
    publisher,
    probe: () => assert.fail('nothing runs'),
    readSecret: async () => undefined,
    clock: systemClock,
    log: silentLogger,
  });
}

function apply(namespace: TestNamespace, kind: string, name: string, spec: object): Promise<string> {
  const object = { apiVersion: API_VERSION, kind, metadata: { name }, spec };
  return namespace.apply(object);
}

const SERVER = { source: { url: 'https://mcp.example.com/mcp' }, tools: [{ name: 'read', sideEffect: 'read' }] };
const ALICE = { humanID: 'alice' };

async function untilPhase(namespace: TestNamespace, object: string, phase: string): Promise<void> {
  await namespace.kubectl(['wait', object, `--for=jsonpath={.status.phase}=${phase}`, '--timeout=120s']);
}

test('a grant of another namespace counts when the server admits that namespace, and not before', async () => {
  await apply(teamA, 'MCPServer', 'shared', SERVER);
  const serverRef = { name: 'shared', namespace: teamA.name };
  await apply(teamB, 'MCPAccessGrant', 'stranger', { serverRef, subject: ALICE, allowedSideEffects: ['read'] });
  await untilPhase(teamB, 'mcpaccessgrant/stranger', 'NotAdmitted');
  assert.deepEqual(documents.get('shared')?.grants ?? [], []);
  const message = await teamB.kubectl(['get', 'mcpaccessgrant', 'stranger', '-o', 'jsonpath={.status.message}']);
  assert.match(message, /`spec\.access\.namespaces`/);

  await apply(teamA, 'MCPServer', 'shared', { ...SERVER, access: { namespaces: [teamB.name] } });
  await untilPhase(teamB, 'mcpaccessgrant/stranger', 'Active');
  await untilTrue('the policy has the grant', () => documents.get('shared')?.grants?.length === 1);
  assert.equal(documents.get('shared')?.grants?.[0]?.namespace, teamB.name);

  await apply(teamA, 'MCPServer', 'shared', { ...SERVER, access: { namespaces: [] } });
  await untilPhase(teamB, 'mcpaccessgrant/stranger', 'NotAdmitted');
  await untilTrue('the policy has no grant', () => (documents.get('shared')?.grants ?? []).length === 0);
});

test('a server that is not there is told in its own namespace, not in that of another', async () => {
  await apply(teamA, 'MCPAccessGrant', 'early', { serverRef: { name: 'later' }, subject: ALICE });
  const elsewhere = { serverRef: { name: 'later', namespace: teamA.name }, subject: ALICE };
  await apply(teamB, 'MCPAccessGrant', 'elsewhere', elsewhere);
  await untilPhase(teamA, 'mcpaccessgrant/early', 'ServerNotFound');
  await untilPhase(teamB, 'mcpaccessgrant/elsewhere', 'NotAdmitted');
  await apply(teamA, 'MCPServer', 'later', SERVER);
  await untilPhase(teamA, 'mcpaccessgrant/early', 'Active');
  await untilPhase(teamB, 'mcpaccessgrant/elsewhere', 'NotAdmitted');
});

test('`kubectl get` shows how sessions stand, and a session ends by time alone', async () => {
  await apply(teamA, 'MCPServer', 'timed', SERVER);
  const of = (more: object): object => ({ serverRef: { name: 'timed' }, subject: ALICE, ...more });
  const soon = new Date(Date.now() + 3000).toISOString();
  await apply(teamA, 'MCPAgentSession', 'endless', of({}));
  await apply(teamA, 'MCPAgentSession', 'revoked', of({ revoked: true }));
  await apply(teamA, 'MCPAgentSession', 'soon', of({ expiresAt: soon }));
  await untilPhase(teamA, 'mcpagentsession/endless', 'Active');
  await untilPhase(teamA, 'mcpagentsession/revoked', 'Revoked');
  await untilPhase(teamA, 'mcpagentsession/soon', 'Expired');
  const table = await teamA.kubectl(['get', 'mcpagentsessions', '--sort-by=.metadata.name']);
  const [head = '', ...rows] = table.trim().split('\n');
  assert.match(head, /\bPHASE\b/);
  assert.deepEqual(
    rows.map((row) => ['Active', 'Expired', 'Revoked'].find((phase) => row.includes(phase))),
    ['Active', 'Revoked', 'Expired'],
  );
  const observed = [
    'get',
    'mcpagentsession',
    'soon',
    '-o',
    'jsonpath={.status.conditions[?(@.type=="Active")].reason}',
  ];
  assert.equal(await teamA.kubectl(observed), 'Expired');
});

test('started again it writes nothing; a week after their end sessions are removed, a revoked one without an end is not', async () => {
  const versions = async (): Promise<string> =>
    await teamA.kubectl([
      'get',
      'mcpaccessgrants,mcpagentsessions',
      '-o',
      'jsonpath={.items[*].metadata.resourceVersion}',
    ]);
  const before = await versions();
  {
    await using again = await startController(systemClock);
    await untilTrue('all was looked at', () => again.pending() === 0);
  }
  assert.equal(await versions(), before);
  await using later = await startController(() => Date.now() + 8 * 24 * HOUR);
  await teamA.kubectl(['wait', 'mcpagentsession/soon', '--for=delete', '--timeout=120s']);
  await untilTrue('all was looked at', () => later.pending() === 0);
  const left = await teamA.kubectl(['get', 'mcpagentsessions', '-o', 'jsonpath={.items[*].metadata.name}']);
  assert.equal(left, 'endless revoked');
});
