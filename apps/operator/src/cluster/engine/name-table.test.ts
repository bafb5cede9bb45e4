import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_VERSION, MCPServer, type ObjectKey, keyText } from '@mcp-runtime/api';
import { type NameTable, createNameTable } from './name-table.ts';

const NAMESPACE = 'team-a';
const CANARY = { replicas: 2, rollout: { strategy: 'Canary', canaryReplicas: 1 } };

function aServer(name: string, created: number, spec: object = {}): MCPServer {
  const metadata = { name, namespace: NAMESPACE, creationTimestamp: `2026-01-01T00:00:0${created}Z` };
  return MCPServer.parse({ apiVersion: API_VERSION, kind: 'MCPServer', metadata, spec: { image: 'i:1', ...spec } });
}

function tableOf(servers: readonly MCPServer[], owners: Readonly<Record<string, string>> = {}): NameTable {
  const table = createNameTable((deployment: ObjectKey) => {
    const name = owners[deployment.name];
    return name === undefined ? undefined : { namespace: deployment.namespace, name };
  });
  for (const object of servers) table.take({ type: 'added', object });
  return table;
}

test('of a canary and a server of its name the older has it, and the other says who has', () => {
  const [first, second] = [aServer('files', 1, CANARY), aServer('files-canary', 2)];
  const table = tableOf([first, second]);
  assert.equal(table.canaryName(first), 'free');
  assert.deepEqual(table.conflict(second), {
    reason: 'NameInUse',
    message: 'Deployment `files-canary` belongs to server `team-a/files`; rename one of the two',
  });
  const [younger, older] = [aServer('files', 2, CANARY), aServer('files-canary', 1)];
  const other = tableOf([younger, older]);
  assert.equal(other.conflict(older), undefined);
  assert.equal(other.conflict(younger), undefined);
  assert.equal(other.canaryName(younger), 'taken');
});

test('who runs under the name keeps it, whoever is older', () => {
  const [first, second] = [aServer('files', 1, CANARY), aServer('files-canary', 2)];
  const table = tableOf([first, second], { 'files-canary': 'files-canary' });
  assert.equal(table.conflict(second), undefined);
  assert.match(table.canaryConflict(first)?.message ?? '', /belongs to server `team-a\/files-canary`/);
});

test('without a canary, in another namespace, or elsewhere, there is no conflict', () => {
  const [first, second] = [aServer('files', 1), aServer('files-canary', 2)];
  assert.equal(tableOf([first, second]).conflict(second), undefined);
  const elsewhere = { ...second, metadata: { ...second.metadata, namespace: 'team-b' } };
  assert.equal(tableOf([aServer('files', 1, CANARY), elsewhere]).conflict(elsewhere), undefined);
  const remote = aServer('files-canary', 1, { image: undefined, source: { url: 'http://example.com' } });
  const table = tableOf([remote, aServer('files', 2, CANARY)]);
  assert.equal(table.canaryName(aServer('files', 2, CANARY)), 'free');
  assert.equal(table.conflict(remote), undefined);
});

test('the other is told when a name is claimed or given up', () => {
  const table = tableOf([aServer('files-canary', 1)]);
  const told = (object: MCPServer, type: 'added' | 'modified' | 'deleted' = 'modified') =>
    table.take({ type, object }).map(keyText);
  assert.deepEqual(told(aServer('files', 2)), []);
  assert.deepEqual(told(aServer('files', 2, CANARY)), ['team-a/files-canary']);
  assert.deepEqual(told(aServer('files', 2, CANARY)), []);
  assert.deepEqual(told(aServer('files', 2)), ['team-a/files-canary']);
  assert.deepEqual(told(aServer('files', 2, CANARY)), ['team-a/files-canary']);
  assert.deepEqual(told(aServer('files-canary', 1), 'deleted'), ['team-a/files']);
  assert.equal(table.canaryName(aServer('files', 2, CANARY)), 'free');
});
