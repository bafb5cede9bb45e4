import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLUSTER, asAppError } from '@mcp-runtime/api';
import { type ResourceClient, SECRETS, openMemoryStore } from '@mcp-runtime/kube';
import { openClusterKeys, publishKeys } from './keys.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const NAMESPACE = 'mcp-runtime';
const clock = (): number => NOW;

async function textOf(client: ResourceClient, { secret, key }: { secret: string; key: string }): Promise<string> {
  const found = await client.get(SECRETS, { namespace: NAMESPACE, name: secret });
  return Buffer.from(found?.data?.[key] ?? '', 'base64').toString();
}

test('the first start makes the keys, and the next ones use them', async () => {
  await using client = openMemoryStore({ clock });
  const { ring: first } = await openClusterKeys(client, NAMESPACE, clock);
  const versions = async (): Promise<readonly unknown[]> =>
    (await client.list(SECRETS)).items.map(({ metadata }) => metadata.resourceVersion);
  const made = await versions();
  const { ring: second } = await openClusterKeys(client, NAMESPACE, clock);
  assert.deepEqual(second.publicKeys(), first.publicKeys());
  assert.deepEqual(await versions(), made);
});

test('gateways get public keys that hold nothing private, and session keys of 32 bytes', async () => {
  await using client = openMemoryStore({ clock });
  const { ring } = await openClusterKeys(client, NAMESPACE, clock);
  const published = await textOf(client, CLUSTER.tokenKeys);
  assert.deepEqual(JSON.parse(published), ring.publicKeys());
  assert.doesNotMatch(published, /"d"/);
  assert.equal(Buffer.from((await textOf(client, CLUSTER.sessionKeys)).trim(), 'base64url').length, 32);
});

test('after a rotation the key before it is still published', async () => {
  await using client = openMemoryStore({ clock });
  const { ring } = await openClusterKeys(client, NAMESPACE, clock);
  const before = ring.signingKey().keyId;
  await ring.rotate({ algorithm: 'EdDSA', retire: 'after-tokens' });
  await publishKeys(client, NAMESPACE, ring);
  const { keys }: { keys: readonly { kid: string }[] } = JSON.parse(await textOf(client, CLUSTER.tokenKeys));
  assert.deepEqual(
    keys.map(({ kid }) => kid),
    [ring.signingKey().keyId, before],
  );
});

test('a rotation by one that has not seen the last one is refused, and loses no key', async () => {
  await using client = openMemoryStore({ clock });
  const { ring: one } = await openClusterKeys(client, NAMESPACE, clock);
  const { ring: other } = await openClusterKeys(client, NAMESPACE, clock);
  await one.rotate({ algorithm: 'EdDSA', retire: 'after-tokens' });
  await assert.rejects(
    other.rotate({ algorithm: 'EdDSA', retire: 'after-tokens' }),
    (error) => asAppError(error).code === 'conflict',
  );
  const { ring: next } = await openClusterKeys(client, NAMESPACE, clock);
  assert.equal(next.signingKey().keyId, one.signingKey().keyId);
});

test('a Secret without its key is not replaced', async () => {
  await using client = openMemoryStore({ clock });
  const metadata = { namespace: NAMESPACE, name: CLUSTER.signingKey.secret };
  await client.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata, data: { other: 'eA==' } });
  await assert.rejects(openClusterKeys(client, NAMESPACE, clock), (error) => asAppError(error).code === 'data_corrupt');
});
