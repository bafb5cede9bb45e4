import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { type ServerDefinitions } from '@mcp-runtime/api';
import { packDefinitions, unpackDefinitions } from './definitions.ts';

function told(change: Partial<ServerDefinitions> = {}): ServerDefinitions {
  return { schema_version: 'v1', server_info: { name: 'x' }, capabilities: { tools: {} }, ...change };
}

test('what a server told of itself comes back as it was, members that nobody knows included', () => {
  const definitions = told({ instructions: 'Be kind.', tools: [{ name: 'a', 'x-unknown': { deep: [1, null] } }] });
  assert.deepEqual(unpackDefinitions(packDefinitions(definitions) ?? ''), definitions);
});

test('the same gives the same text, so that nothing is written when nothing changed', () => {
  assert.equal(packDefinitions(told()), packDefinitions(told()));
});

test('what is too long is not delivered, and never cut', () => {
  assert.equal(packDefinitions(told({ instructions: randomBytes(128 * 1024).toString('base64') })), undefined);
  assert.equal(packDefinitions(told({ instructions: 'a'.repeat(5 * 1024 * 1024) })), undefined);
});

test('what cannot be read is nothing', () => {
  for (const text of ['', 'x', Buffer.from('{}').toString('base64')]) assert.equal(unpackDefinitions(text), undefined);
});
