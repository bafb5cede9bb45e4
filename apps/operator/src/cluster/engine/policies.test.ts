import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GRANTS, SERVERS, SESSIONS, setSessionRevoked } from '@mcp-runtime/control-plane';
import { aCluster, aGrant, aServer, aSession, at, until } from './testing/cluster.ts';

test('a grant that is changed to name another server leaves the first', async () => {
  await using cluster = await aCluster();
  await using _ = await cluster.start();
  for (const name of ['one', 'two']) await cluster.store.create(SERVERS, aServer(name));
  await cluster.store.create(GRANTS, aGrant('g', 'one'));
  const grants = async (name: string) => (await cluster.policy(name))?.grants?.length ?? 0;
  await until(async () => (await grants('one')) === 1);
  const grant = await cluster.until(GRANTS, at('g'), (found) => found?.status !== undefined);
  assert.ok(grant);
  await cluster.store.update(GRANTS, { ...grant, spec: { ...grant.spec, serverRef: { name: 'two' } } });
  await until(async () => (await grants('two')) === 1 && (await grants('one')) === 0);
});

test('a revocation is published although the server does not answer', async () => {
  await using cluster = await aCluster();
  cluster.answers = false;
  await using _ = await cluster.start();
  await cluster.store.create(SERVERS, aServer('files'));
  await cluster.store.create(SESSIONS, aSession('s', 'files'));
  await setSessionRevoked(cluster.store, at('s'), true);
  while ((await cluster.policy('files'))?.sessions?.[0]?.revoked !== true)
    await new Promise((resolve) => setImmediate(resolve));
});
