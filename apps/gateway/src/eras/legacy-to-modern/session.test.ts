import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { holdSealKeys } from '../../seal/seal.ts';
import { createSessionSeal } from '../../seal/session-seal.ts';
import { agree, isBridgedSession, readSession, sessionText } from './session.ts';

const seal = createSessionSeal(holdSealKeys([randomBytes(32)]));
const place = {
  path: '/files/mcp',
  key: { namespace: 'mcp-servers', name: 'files' },
  upstream: new URL('http://127.0.0.1:1/mcp'),
  identity: { human: 'alice', agent: 'agent', team: '', session: 's1', sessionNamespace: 'mcp-servers' },
};

test('property: whatever a client sends, its session fits into an id and comes out of it again', () => {
  const params = fc.dictionary(fc.constantFrom('protocolVersion', 'capabilities', 'clientInfo', 'x'), fc.jsonValue());
  fc.assert(
    fc.property(params, (given) => {
      const session = agree(given, 'key');
      const opened = seal.open(seal.seal(sessionText(session), place), place);
      assert.deepEqual(readSession(opened), session);
    }),
  );
});

test('extensions that are too long for an id are left out, and names are cut', () => {
  const name = 'n'.repeat(100_000);
  const capabilities = { extensions: { 'a/b': { long: 'x'.repeat(100_000) } }, roots: {} };
  const session = agree({ capabilities, clientInfo: { name, version: '1', icons: [name] } }, 'key');
  assert.deepEqual(session.capabilities, { roots: {} });
  assert.deepEqual(session.clientInfo, { name: name.slice(0, 256), version: '1' });
  assert.notEqual(seal.open(seal.seal(sessionText(session), place), place), undefined);
});

test('the id of a session of the server itself is none of the bridge', () => {
  for (const text of ['', 'modern', '1f2e', '{"key":"a"}', undefined]) {
    assert.equal(isBridgedSession(text), false);
    assert.equal(readSession(text), undefined);
  }
  assert.equal(readSession('modern:{"key":"a","version":"2026-07-28","capabilities":{}}'), undefined);
  assert.equal(readSession('modern:nonsense'), undefined);
});
