import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createTestProver } from '../testing/proof.ts';
import { parseProofHeader } from './dpop-proof.ts';
import { createReplayCache } from './replay-cache.ts';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value) ?? '').toString('base64url');
const proofOf = (header: unknown): string => `${encode(header)}.e30.AA`;
const coordinate = fc.base64String({ minLength: 1, maxLength: 60 });

test('whatever the header is, reading it neither throws nor yields more than an allowed algorithm and a public key', () => {
  const member = fc.oneof(fc.string(), fc.constantFrom('ES256', 'EdDSA', 'dpop+jwt', 'EC', 'OKP', 'P-256', 'Ed25519'));
  const jwk = fc.dictionary(fc.constantFrom('kty', 'crv', 'x', 'y', 'd', 'k', '__proto__', 'kid'), member);
  const header = fc.dictionary(
    fc.constantFrom('typ', 'alg', 'jwk', 'crit', 'kid'),
    fc.oneof(member, jwk, fc.jsonValue()),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), header.map(proofOf), fc.jsonValue().map(proofOf)), (text) => {
      const read = parseProofHeader(text);
      if (read === undefined) return;
      assert.deepEqual(Object.keys(read), ['alg', 'jwk']);
      assert.ok(Object.keys(read.jwk).every((name) => ['kty', 'crv', 'x', 'y'].includes(name)));
    }),
    { numRuns: 2000 },
  );
});

test('a public key of the right kind is read back, and one private member spoils it', () => {
  const kinds = [
    { alg: 'ES256', key: { kty: 'EC', crv: 'P-256', y: 'y' } },
    { alg: 'ES384', key: { kty: 'EC', crv: 'P-384', y: 'y' } },
    { alg: 'EdDSA', key: { kty: 'OKP', crv: 'Ed25519' } },
    { alg: 'Ed25519', key: { kty: 'OKP', crv: 'Ed25519' } },
  ] as const;
  const spoiler = fc.constantFrom('d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k');
  fc.assert(
    fc.property(fc.constantFrom(...kinds), coordinate, spoiler, fc.jsonValue(), ({ alg, key }, x, bad, value) => {
      const jwk = { ...key, x };
      const header = { typ: 'dpop+jwt', alg, jwk: { ...jwk, kid: 'k', use: 'sig' } };
      assert.deepEqual(parseProofHeader(proofOf(header)), { alg, jwk });
      assert.equal(parseProofHeader(proofOf({ ...header, jwk: { ...jwk, [bad]: value } })), undefined);
    }),
  );
});

test('a key of another kind than the algorithm, and a proof that is too long, are none', async () => {
  const { privateJwk } = await createTestProver();
  const { d: _d, ...jwk } = privateJwk;
  assert.notEqual(parseProofHeader(proofOf({ typ: 'dpop+jwt', alg: 'ES256', jwk })), undefined);
  for (const alg of ['ES384', 'EdDSA', 'RS256', 'HS256', 'none'])
    assert.equal(parseProofHeader(proofOf({ typ: 'dpop+jwt', alg, jwk })), undefined, alg);
  const long = `${proofOf({ typ: 'dpop+jwt', alg: 'ES256', jwk })}${'A'.repeat(4096)}`;
  assert.equal(parseProofHeader(long), undefined);
});

test('ids are seen for as long as they count, and when there is no room nothing new passes', () => {
  let now = 0;
  const cache = createReplayCache(() => now, { keepMs: 100, maxIds: 3 });
  assert.equal(cache.enter('a'), 'new');
  now = 99;
  assert.deepEqual([cache.enter('a'), cache.enter('b')], ['seen', 'new']);
  now = 150;
  assert.deepEqual([cache.enter('b'), cache.enter('c'), cache.enter('d')], ['seen', 'new', 'full']);
  now = 260;
  assert.deepEqual([cache.enter('d'), cache.enter('c')], ['new', 'seen']);
  now = 1000;
  assert.deepEqual([cache.enter('c'), cache.enter('d')], ['new', 'new']);
});

test('no id passes twice within the time that it counts', () => {
  const steps = fc.array(fc.tuple(fc.nat(60), fc.constantFrom('a', 'b', 'c')), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (visits) => {
      let now = 0;
      const passedAt = new Map<string, number>();
      const cache = createReplayCache(() => now, { keepMs: 100, maxIds: 1000 });
      for (const [wait, id] of visits) {
        now += wait;
        if (cache.enter(id) !== 'new') continue;
        assert.ok(now - (passedAt.get(id) ?? -1000) >= 100);
        passedAt.set(id, now);
      }
    }),
  );
});
