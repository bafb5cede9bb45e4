import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { holdSealKeys } from './seal.ts';
import { type SessionPlace, createSessionSeal } from './session-seal.ts';

const key = randomBytes(32);
const seal = createSessionSeal(holdSealKeys([key]));
const place: SessionPlace = {
  path: '/files/mcp',
  key: { namespace: 'mcp-servers', name: 'files' },
  upstream: new URL('http://127.0.0.1:1/mcp'),
  identity: { human: 'alice', agent: 'agent', team: '', session: 's1' },
};

test('property: what was sealed opens at its place, and holds visible ASCII only', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (sessionId) => {
      const sealed = seal.seal(sessionId, place);
      assert.match(sealed, /^[\x21-\x7e]+$/);
      assert.equal(seal.open(sealed, place), sessionId);
    }),
  );
});

const ELSEWHERE: readonly (readonly [what: string, place: SessionPlace])[] = [
  ['on another path', { ...place, path: '/other/mcp' }],
  ['at another server', { ...place, key: { namespace: 'mcp-servers', name: 'other' } }],
  ['at another endpoint', { ...place, upstream: new URL('http://127.0.0.1:2/mcp') }],
  ['for another human', { ...place, identity: { ...place.identity, human: 'bob' } }],
  ['for another agent', { ...place, identity: { ...place.identity, agent: 'other' } }],
  ['for a team', { ...place, identity: { ...place.identity, team: 'team' } }],
  ['where parts run together', { ...place, identity: { ...place.identity, human: 'aliceagent', agent: '' } }],
];

for (const [what, other] of ELSEWHERE) {
  test(`a session id does not open ${what}`, () => {
    assert.equal(seal.open(seal.seal('abc', place), other), undefined);
  });
}

test('the same agent with another agent session keeps its MCP session', () => {
  const renewed = { ...place, identity: { ...place.identity, session: 's2' } };
  assert.equal(seal.open(seal.seal('abc', place), renewed), 'abc');
});

test('property: a changed byte, a cut and a made-up id do not open', () => {
  const sealed = Buffer.from(seal.seal('abc', place), 'base64url');
  fc.assert(
    fc.property(fc.nat({ max: sealed.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ change;
      assert.equal(seal.open(changed.toString('base64url'), place), undefined);
      assert.equal(seal.open(sealed.subarray(0, at).toString('base64url'), place), undefined);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => assert.equal(seal.open(text, place), undefined)));
  assert.equal(seal.open(`${sealed.toString('base64url')}=`, place), undefined);
});

test('a key that was replaced opens until it is taken away, and seals no more', () => {
  const next = randomBytes(32);
  const old = seal.seal('abc', place);
  const rotated = createSessionSeal(holdSealKeys([next, key]));
  assert.equal(rotated.open(old, place), 'abc');
  const fresh = rotated.seal('abc', place);
  assert.equal(seal.open(fresh, place), undefined);
  assert.equal(createSessionSeal(holdSealKeys([next])).open(fresh, place), 'abc');
  assert.equal(createSessionSeal(holdSealKeys([next])).open(old, place), undefined);
});

test('a key of another length is refused', () => {
  assert.throws(() => createSessionSeal(holdSealKeys([])), { code: 'invalid_config' });
  assert.throws(() => createSessionSeal(holdSealKeys([randomBytes(16)])), { code: 'invalid_config' });
});

test('a session id that has opened before opens nowhere else, and not after its key was taken away', () => {
  const keys = holdSealKeys([key]);
  const held = createSessionSeal(keys);
  const sealed = held.seal('abc', place);
  assert.equal(held.open(sealed, place), 'abc');
  assert.equal(held.open(sealed, place), 'abc');
  for (const [what, other] of ELSEWHERE) assert.equal(held.open(sealed, other), undefined, what);
  keys.replace([randomBytes(32)]);
  assert.equal(held.open(sealed, place), undefined);
});
