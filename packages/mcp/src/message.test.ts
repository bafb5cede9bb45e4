import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readMessage } from './message.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const call = (params: string, rest = ''): string =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}${rest}}`;

const REFUSED: readonly (readonly [what: string, body: string | Uint8Array, fault: string, id?: string | number])[] = [
  ['an empty body', '', 'empty'],
  ['text that is no JSON', 'hello', 'not_json'],
  ['two documents', '{} {}', 'not_json'],
  ['a comment', '{"jsonrpc":"2.0",/**/"id":1}', 'not_json'],
  ['a byte order mark', '\uFEFF{}', 'not_json'],
  ['bytes that are not UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), 'not_utf8'],
  ['a batch', `[${call('{}')}]`, 'batch'],
  ['an empty batch', '[]', 'batch'],
  ['a string', '"tools/call"', 'not_an_object'],
  ['a repeated method', '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}', 'duplicate_member'],
  ['a method repeated by an escape', '{"jsonrpc":"2.0","id":1,"method":"ping","\\u006dethod":"x"}', 'duplicate_member'],
  ['a repeated name deep in the arguments', call('{"name":"a","arguments":{"x":[{"y":1,"y":2}]}}'), 'duplicate_member'],
  ['a method in another case', '{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}', 'ambiguous_member', 1],
  ['a name in another case', call('{"name":"a","Name":"b"}'), 'ambiguous_member', 1],
  ['a name with a long s', call('{"name":"a","argument\u017f":{}}'), 'ambiguous_member', 1],
  ['a Kelvin sign', call('{"name":"a","tas\u212a":{}}'), 'ambiguous_member', 1],
  [
    'subscriptions in another case',
    '{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"ResourceSubscriptions":[]}}}',
    'ambiguous_member',
    1,
  ],
  [
    'half a surrogate pair in a subscription',
    '{"jsonrpc":"2.0","id":1,"method":"x","params":{"notifications":{"resourceSubscriptions":["a","\\udc00"]}}}',
    'invalid_governed_value',
    1,
  ],
  [
    'a protocol version in another case',
    call('{"name":"a","_meta":{"io.modelcontextprotocol/ProtocolVersion":"2026-07-28"}}'),
    'ambiguous_member',
    1,
  ],
  ['a NUL in a member name', call('{"name":"a","name\\u0000":"b"}'), 'invalid_member_name'],
  ['half a surrogate pair in a member name', call('{"\\ud800":1}'), 'invalid_member_name'],
  ['half a surrogate pair in a tool name', call('{"name":"\\ud800"}'), 'invalid_governed_value', 1],
  ['a line feed in a tool name', call('{"name":"a\\nb"}'), 'invalid_governed_value', 1],
  ['a tool name that is a number', call('{"name":7}'), 'invalid_governed_value', 1],
  ['a number beyond a double', call('{"name":"a","arguments":{"n":1e400}}'), 'number_out_of_range'],
  ['params that are a list', call('["a"]'), 'invalid_params', 1],
  ['an unknown root member', call('{}', ',"extra":1'), 'unknown_member', 1],
  ['another version', '{"jsonrpc":"1.0","id":1,"method":"ping"}', 'invalid_version', 1],
  ['no version', '{"id":1,"method":"ping"}', 'invalid_version', 1],
  ['a null id', '{"jsonrpc":"2.0","id":null,"method":"ping"}', 'invalid_id'],
  ['an id with a point', '{"jsonrpc":"2.0","id":1.0,"method":"ping"}', 'invalid_id'],
  ['an id of minus zero', '{"jsonrpc":"2.0","id":-0,"method":"ping"}', 'invalid_id'],
  ['an id beyond 2^53', '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}', 'invalid_id'],
  ['no method and no result', '{"jsonrpc":"2.0","id":1}', 'invalid_response', 1],
  ['a result and an error', '{"jsonrpc":"2.0","id":1,"result":{},"error":{}}', 'invalid_response', 1],
  ['a method and a result', '{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}', 'unknown_member', 1],
  ['a blank method', '{"jsonrpc":"2.0","id":1,"method":""}', 'invalid_method', 1],
  ['deep nesting', call(`{"arguments":${'['.repeat(70)}${']'.repeat(70)}}`), 'too_deep'],
  ['a million open brackets', '['.repeat(1_000_000), 'too_deep'],
];

for (const [what, body, fault, id] of REFUSED) {
  test(`refuses ${what}`, () => {
    const read = readMessage(typeof body === 'string' ? bytes(body) : body);
    assert.deepEqual(read.ok ? 'accepted' : [read.fault, read.id], [fault, id ?? null]);
  });
}

test('reads a request, a notification and a response', () => {
  assert.deepEqual(readMessage(bytes(call('{"name":"echo","arguments":{"text":"\\u00e9"}}'))), {
    ok: true,
    message: { kind: 'request', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { text: 'é' } } },
  });
  assert.deepEqual(readMessage(bytes('{"jsonrpc":"2.0","method":"notifications/initialized"}')), {
    ok: true,
    message: { kind: 'notification', method: 'notifications/initialized', params: {} },
  });
  assert.deepEqual(readMessage(bytes('{"jsonrpc":"2.0","id":"a","result":{}}')), {
    ok: true,
    message: { kind: 'response', id: 'a' },
  });
});

test('escapes are compared by what they mean', () => {
  const read = readMessage(bytes('{"jsonrpc":"2.0","id":1,"method":"\\u0074ools/call","params":{"name":"a\\/b"}}'));
  assert.ok(read.ok && read.message.kind === 'request');
  assert.deepEqual([read.message.method, read.message.params['name']], ['tools/call', 'a/b']);
});

test('names that objects have by nature are plain names', () => {
  const read = readMessage(bytes(call('{"name":"__proto__","arguments":{"__proto__":{"a":1},"constructor":2}}')));
  assert.ok(read.ok);
});

test('property: whatever the bytes, it answers and does not throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (body) => void readMessage(body)));
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (body) => void readMessage(bytes(body))));
});

test('property: every message with plain members is read as JSON.parse reads it', () => {
  const params = fc.dictionary(
    fc.string({ minLength: 1, unit: 'grapheme' }).map((name) => `x-${name}`),
    fc.jsonValue({ maxDepth: 4 }),
  );
  fc.assert(
    fc.property(params, fc.integer(), (given, id) => {
      const text = JSON.stringify({ jsonrpc: '2.0', id, method: 'm', params: { arguments: given } });
      const read = readMessage(bytes(text));
      assert.ok(read.ok && read.message.kind === 'request', text);
      assert.deepEqual(read.message.params, JSON.parse(text).params);
    }),
  );
});

test('property: a member written twice is refused wherever it stands', () => {
  const path = fc.array(fc.constantFrom('object', 'list'), { maxLength: 6 });
  fc.assert(
    fc.property(path, fc.string({ unit: 'grapheme' }), (wrappers, name) => {
      const key = JSON.stringify(name);
      const inner = wrappers.reduce(
        (text, kind) => (kind === 'list' ? `[1,${text}]` : `{"a":${text}}`),
        `{${key}:1,${key}:2}`,
      );
      const read = readMessage(bytes(call(`{"name":"a","arguments":${inner}}`)));
      assert.equal(read.ok, false);
    }),
  );
});
