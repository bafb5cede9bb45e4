import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BatchFault, looksLikeBatch, readBatch } from './batch.ts';

const ping = (id: unknown): string => `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"method":"ping"}`;
const RESPONSE = '{"jsonrpc":"2.0","id":1,"result":{}}';
const MODERN =
  '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}';

const REFUSED: readonly (readonly [title: string, body: string, fault: BatchFault])[] = [
  ['an empty one', ' [ ] ', 'empty'],
  ['more than are taken at once', `[${Array.from({ length: 65 }, (_, id) => ping(id)).join(',')}]`, 'too_many'],
  ['one with an initialize', '[{"jsonrpc":"2.0","id":1,"method":"initialize"}]', 'not_in_batch'],
  ['one with a message of 2026-07-28', `[${MODERN}]`, 'not_in_batch'],
  ['requests and responses', `[${ping(2)},${RESPONSE}]`, 'mixed'],
  ['one id twice', `[${ping(1)},${ping(1)}]`, 'repeated_id'],
  ['a batch in it', `[[${ping(1)}]]`, 'batch'],
  [
    'a message that two readers read differently',
    '[{"jsonrpc":"2.0","id":1,"method":"ping","Method":"x"}]',
    'ambiguous_member',
  ],
  ['an equal name in a member', '[{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}]', 'duplicate_member'],
  ['no JSON', '[', 'not_json'],
];

for (const [title, body, fault] of REFUSED) {
  test(`a batch is refused: ${title}`, () => {
    const read = readBatch(Buffer.from(body));
    assert.equal(read.ok ? 'taken' : read.fault, fault);
  });
}

test('the messages of a batch are its bytes', () => {
  const one = '{ "jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\\u0041","arguments":{"n":1.0}} }';
  const read = readBatch(
    Buffer.from(`\n[${one} ,\t${ping('1')},{"jsonrpc":"2.0","method":"notifications/cancelled"}]`),
  );
  assert.deepEqual(read.ok && read.messages.map(String), [
    one,
    ping('1'),
    '{"jsonrpc":"2.0","method":"notifications/cancelled"}',
  ]);
});

test('a list is told by its beginning', () => {
  assert.ok(looksLikeBatch(Buffer.from(' \r\n\t[')));
  for (const body of ['', '{}', '\uFEFF[]', '"["']) assert.ok(!looksLikeBatch(Buffer.from(body)));
});
