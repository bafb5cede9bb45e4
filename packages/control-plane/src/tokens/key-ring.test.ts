import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { asAppError, isSessionTokenIssuer } from '@mcp-runtime/api';
import { exportJWK, generateKeyPair } from 'jose';
import { openKeyRing } from './key-ring.ts';
import { keyFile } from './key-storage.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const DAY_SECONDS = 86_400;
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ring-'));
  path = join(folder, 'key.json');
});

afterEach(() => rm(folder, { recursive: true }));

test('the first key is made once and closed to others', async () => {
  const [first, second] = [await openKeyRing(keyFile(path), () => NOW), await openKeyRing(keyFile(path), () => NOW)];
  assert.deepEqual(first.publicKeys(), second.publicKeys());
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test('a damaged file is not replaced', async () => {
  for (const text of ['{"kty":"OKP"}', '{"keys":[]}', 'x']) {
    await writeFile(path, text);
    await assert.rejects(
      openKeyRing(keyFile(path), () => NOW),
      (error) => asAppError(error).code === 'data_corrupt',
    );
    assert.equal(await readFile(path, 'utf8'), text);
  }
});

test('each installation is its own issuer, and public keys hold nothing private', async () => {
  const mine = await openKeyRing(keyFile(path), () => NOW);
  const other = await openKeyRing(keyFile(join(folder, 'other.json')), () => NOW);
  assert.notEqual(mine.publicKeys().issuer, other.publicKeys().issuer);
  assert.ok(isSessionTokenIssuer(mine.publicKeys().issuer ?? ''));
  assert.doesNotMatch(JSON.stringify(mine.publicKeys()), /"d"/);
});

test('after a rotation the key before it verifies until its tokens have ended, and its private half is gone', async () => {
  let now = NOW;
  const ring = await openKeyRing(keyFile(path), () => now);
  const before = ring.signingKey().keyId;
  const told: unknown[] = [];
  ring.subscribe((keys) => void told.push(keys));
  const keys = await ring.rotate({ algorithm: 'ES256', retire: 'after-tokens' });
  assert.deepEqual(told, [keys]);
  assert.deepEqual(
    keys.keys.map(({ kid, alg, exp }) => [kid, alg, exp]),
    [
      [ring.signingKey().keyId, 'ES256', undefined],
      [before, 'EdDSA', NOW / 1000 + DAY_SECONDS],
    ],
  );
  assert.equal((await readFile(path, 'utf8')).match(/"d":/g)?.length, 1);
  assert.deepEqual((await openKeyRing(keyFile(path), () => now)).publicKeys(), keys);
  now += (DAY_SECONDS + 1) * 1000;
  assert.deepEqual(
    ring.publicKeys().keys.map(({ kid }) => kid),
    [ring.signingKey().keyId],
  );
});

test('a rotation that retires at once leaves the new key alone, and the issuer stays', async () => {
  const ring = await openKeyRing(keyFile(path), () => NOW);
  const { issuer } = ring.publicKeys();
  const keys = await ring.rotate({ algorithm: 'EdDSA', retire: 'now' });
  assert.deepEqual([keys.issuer, keys.keys.length], [issuer, 1]);
});

test('rotations at the same time lose no key', async () => {
  const ring = await openKeyRing(keyFile(path), () => NOW);
  await Promise.all(['EdDSA', 'ES256', 'EdDSA'].map(() => ring.rotate({ algorithm: 'EdDSA', retire: 'after-tokens' })));
  assert.equal(new Set(ring.publicKeys().keys.map(({ kid }) => kid)).size, 4);
});

test('keys do not pile up: with many waiting, only a rotation that retires them all goes through', async () => {
  const ring = await openKeyRing(keyFile(path), () => NOW);
  for (let count = 0; count < 50; count++) await ring.rotate({ algorithm: 'EdDSA', retire: 'after-tokens' });
  await assert.rejects(ring.rotate({ algorithm: 'EdDSA', retire: 'after-tokens' }), { code: 'too_many_requests' });
  assert.equal((await ring.rotate({ algorithm: 'EdDSA', retire: 'now' })).keys.length, 1);
});

test('a key file of the first release goes on signing', async () => {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  await writeFile(path, JSON.stringify({ ...(await exportJWK(privateKey)), kid: 'k1', alg: 'EdDSA' }));
  const ring = await openKeyRing(keyFile(path), () => NOW);
  assert.equal(ring.signingKey().keyId, 'k1');
  await ring.rotate({ algorithm: 'EdDSA', retire: 'after-tokens' });
  assert.equal((await openKeyRing(keyFile(path), () => NOW)).publicKeys().issuer, ring.publicKeys().issuer);
});
