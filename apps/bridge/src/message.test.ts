import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMessage } from './message.ts';

const ROWS: readonly (readonly [text: string, expected: string | number])[] = [
  ['{"jsonrpc":"2.0","id":1,"method":"m"}', 'request'],
  ['{"jsonrpc":"2.0","method":"m"}', 'notification'],
  ['{"jsonrpc":"2.0","id":"a","result":{}}', 'response'],
  ['{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":""}}', 'response'],
  ['{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1}}', -32600],
  ['{"jsonrpc":"2.0","id":null,"method":"m"}', -32600],
  ['{"jsonrpc":"2.0","id":1.5,"method":"m"}', -32600],
  ['{"jsonrpc":"2.0","id":1,"method":"m","params":[]}', -32600],
  ['{"jsonrpc":"1.0","id":1,"method":"m"}', -32600],
  ['[]', -32600],
  ['\uFEFF{"jsonrpc":"2.0","method":"m"}', -32700],
  ['', -32700],
];

for (const [text, expected] of ROWS) {
  test(`reads ${JSON.stringify(text)} as ${expected}`, () => {
    const message = readMessage(Buffer.from(text));
    assert.equal(message.kind === 'fault' ? message.code : message.kind, expected);
  });
}

test('refuses bytes that are not UTF-8', () => {
  const message = readMessage(Buffer.from('{"jsonrpc":"2.0","method":"\xFF"}', 'latin1'));
  assert.equal(message.kind, 'fault');
});

test('makes one line of a message that has several', () => {
  const message = readMessage(Buffer.from('{\r\n"jsonrpc": "2.0",\n"method": "a\\nb"}'));
  assert.ok(message.kind === 'notification');
  assert.equal(message.text, '{  "jsonrpc": "2.0", "method": "a\\nb"}');
  assert.equal(message.method, 'a\nb');
});
