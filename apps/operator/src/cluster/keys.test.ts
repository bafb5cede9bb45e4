import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ANNOTATIONS, CLUSTER, asAppError } from '@mcp-runtime/api';
import { silentLogger } from '@mcp-runtime/base';
import { type ResourceClient, SECRETS, openMemoryStore } from '@mcp-runtime/kube';
import { keepKeys } from './keep-keys.ts';
import { SETTLE_MS, openClusterKeys, publishKeys } from './keys.ts';

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

test('a signing key is replaced when somebody asks: the one before it verifies on, and signs until gateways know the other', async () => {
  await using client = openMemoryStore({ clock });
  let now = NOW;
  const changes: number[] = [];
  const onChange = (): void => void changes.push(now);
  const keys = keepKeys({ client, namespace: NAMESPACE, clock: () => now, log: silentLogger, onChange });
  await keys.look();
  const before = keys.signingKey()?.keyId;
  await ask(client, CLUSTER.signingKey.secret);
  await keys.look();
  const kids = async (): Promise<readonly string[]> =>
    JSON.parse(await textOf(client, CLUSTER.tokenKeys)).keys.map(({ kid }: { readonly kid: string }) => kid);
  const published = await kids();
  assert.deepEqual([published.length, published[1], keys.signingKey()?.keyId], [2, before, before]);
  now += SETTLE_MS;
  await keys.look();
  assert.equal(keys.signingKey()?.keyId, published[0]);
  assert.deepEqual(await kids(), published, 'once is enough');
  now += 86_400_000;
  await keys.look();
  assert.deepEqual(await kids(), [published[0]], 'no token of the one before it lives on');
  assert.deepEqual(changes, [NOW, now]);
});

test('a new session key opens before it seals, and those before it open on', async () => {
  await using client = openMemoryStore({ clock });
  let now = NOW;
  const keys = async (): Promise<readonly string[]> =>
    (await openClusterKeys(client, NAMESPACE, () => now)).sessionKeys.trim().split('\n');
  const [first = ''] = await keys();
  await ask(client, CLUSTER.sessionKeys.secret);
  const [sealing, added = ''] = await keys();
  assert.equal(sealing, first);
  assert.deepEqual(await keys(), [first, added], 'once is enough');
  now += SETTLE_MS;
  assert.deepEqual(await keys(), [added, first]);
  assert.deepEqual(await keys(), [added, first]);
  for (let round = 0; round < 4; round += 1) {
    await ask(client, CLUSTER.sessionKeys.secret);
    await keys();
    now += SETTLE_MS;
    assert.ok((await keys()).length <= 4);
  }
});

async function ask(client: ResourceClient, name: string): Promise<void> {
  const secret = await client.get(SECRETS, { namespace: NAMESPACE, name });
  assert.ok(secret !== undefined);
  const annotations = { ...secret.metadata.annotations, [ANNOTATIONS.rotate]: 'now' };
  await client.update(SECRETS, { ...secret, metadata: { ...secret.metadata, annotations } });
}
