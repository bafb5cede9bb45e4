import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readAnswer } from './answer.ts';

function read(text: string): ReturnType<typeof readAnswer> {
  return readAnswer(Buffer.from(text), 1);
}

const UNREADABLE: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['no JSON', '{'],
  ['a list', '[{"jsonrpc":"2.0","id":1,"result":{}}]'],
  ['a member twice', '{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2}}'],
  ['the response to another request', '{"jsonrpc":"2.0","id":2,"result":{}}'],
  ['a result without an id', '{"jsonrpc":"2.0","id":null,"result":{}}'],
  ['an id of another type', '{"jsonrpc":"2.0","id":"1","result":{}}'],
  ['a result and an error', '{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}'],
  ['neither', '{"jsonrpc":"2.0","id":1}'],
  ['a result that is no object', '{"jsonrpc":"2.0","id":1,"result":[]}'],
  ['an error without a code', '{"jsonrpc":"2.0","id":1,"error":{"message":""}}'],
  ['a kind of result that nobody asked for', '{"jsonrpc":"2.0","id":1,"result":{"resultType":"task"}}'],
  ['questions that are a list', '{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","inputRequests":[]}}'],
  ['state that is no text', '{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","requestState":{}}}'],
];

for (const [what, text] of UNREADABLE) {
  test(`an answer is not read that is ${what}`, () => assert.equal(read(text).kind, 'unreadable'));
}

test('an error without an id is the answer to a request that could not be read', () => {
  assert.equal(read('{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error"}}').kind, 'error');
});

test('state and questions are kept as the server wrote them', () => {
  const result = '{"resultType":"input_required","inputRequests":{"k":{"n":1.0}},"requestState":"a\\u0041"}';
  assert.deepEqual(read(`{"jsonrpc":"2.0","id":1,"result":${result}}`), {
    kind: 'asks',
    requests: '{"k":{"n":1.0}}',
    requestState: '"a\\u0041"',
  });
});

test('property: whatever a server sends is read or is not, and never throws', () => {
  const members = fc.constantFrom(
    'jsonrpc',
    'id',
    'result',
    'error',
    'resultType',
    'inputRequests',
    'requestState',
    'code',
  );
  const { answer } = fc.letrec((tie) => ({
    answer: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(1, '2.0', null, 'input_required', 'complete'),
      tie('object'),
      fc.array(tie('answer')),
    ),
    object: fc.dictionary(members, tie('answer')),
  }));
  const kinds = new Set(['complete', 'asks', 'error', 'unreadable']);
  fc.assert(fc.property(answer, (value) => kinds.has(readAnswer(Buffer.from(JSON.stringify(value)), 1).kind)));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => readAnswer(bytes, 1).kind === 'unreadable'));
});
