import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMessage } from './message.ts';
import { rewrite } from './rewrite.ts';

function messageFrom(text: string) {
  const message = readMessage(Buffer.from(text));
  assert.notEqual(message.kind, 'fault');
  return message.kind === 'fault' ? assert.fail() : message;
}

const ROWS = [
  {
    name: 'replaces the id and keeps numbers as they are written',
    text: '{"jsonrpc":"2.0","id":1,"method":"m","params":{"n":12345678901234567890,"f":1.0}}',
    expected: '{"jsonrpc":"2.0","id":7,"method":"m","params":{"n":12345678901234567890,"f":1.0}}',
  },
  {
    name: 'leaves no second id for a reader that takes the first',
    text: '{"jsonrpc":"2.0","id":1,"id":2,"method":"m"}',
    expected: '{"jsonrpc":"2.0","id":7,"method":"m"}',
  },
  {
    name: 'keeps a member named __proto__',
    text: '{"jsonrpc":"2.0","id":1,"method":"m","params":{"__proto__":{"a":1}}}',
    expected: '{"jsonrpc":"2.0","id":7,"method":"m","params":{"__proto__":{"a":1}}}',
  },
];

for (const { name, text, expected } of ROWS) {
  test(name, () => assert.equal(rewrite(messageFrom(text), [['id'], 7]).text, expected));
}

test('refuses what is nested too deeply to be written again', () => {
  const deep = `{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`;
  assert.throws(() => rewrite(messageFrom(deep), [['id'], 7]), { code: 'invalid_request' });
});
