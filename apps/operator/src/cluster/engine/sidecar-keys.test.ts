import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_VERSION, CLUSTER, MCPServer } from '@mcp-runtime/api';
import { SERVERS } from '@mcp-runtime/control-plane';
import { type ResourceClient, SECRETS, openMemoryStore } from '@mcp-runtime/kube';
import { createSidecarKeys } from './sidecar-keys.ts';

const ONE = `${Buffer.alloc(32, 1).toString('base64url')}\n`;
const TWO = `${Buffer.alloc(32, 2).toString('base64url')}\n${ONE}`;
const clock = (): number => 0;

async function serverIn(client: ResourceClient, name: string): Promise<MCPServer> {
  const metadata = { name, namespace: 'team-a' };
  const server = MCPServer.parse({ apiVersion: API_VERSION, kind: 'MCPServer', metadata, spec: { image: 'i:1' } });
  return (await client.get(SERVERS, metadata)) ?? (await client.create(SERVERS, server, { fieldManager: 'test' }));
}

test('each server has keys of its own, which follow from those of the installation and do not tell them', async () => {
  await using client = openMemoryStore({ clock });
  const textsOf = async (sessionKeys: string, name: string): Promise<readonly string[]> => {
    const keys = createSidecarKeys({ client, sessionKeys: () => sessionKeys, clock });
    const server = await serverIn(client, name);
    await keys.ensure(server);
    const secret = await client.get(SECRETS, { namespace: 'team-a', name: keys.nameFor(server) ?? '' });
    return Buffer.from(secret?.data?.[CLUSTER.sessionKeys.key] ?? '', 'base64')
      .toString()
      .trim()
      .split('\n');
  };
  const files = await textsOf(ONE, 'files');
  assert.deepEqual(await textsOf(ONE, 'files'), files);
  assert.deepEqual((await textsOf(TWO, 'files')).slice(1), files);
  const all = [...files, ...(await textsOf(ONE, 'other')), ONE.trim()];
  assert.equal(new Set(all).size, all.length);
  for (const key of all) assert.equal(Buffer.from(key, 'base64url').length, 32);
});

test('there are none before those of the installation are known', async () => {
  await using client = openMemoryStore({ clock });
  const keys = createSidecarKeys({ client, sessionKeys: () => undefined, clock });
  const server = await serverIn(client, 'files');
  await keys.ensure(server);
  assert.equal(keys.nameFor(server), undefined);
  assert.deepEqual((await client.list(SECRETS)).items, []);
});
