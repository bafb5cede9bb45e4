import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isResponse, outcomeOf, outcomeOfBytes } from './answer.ts';
import { filterList } from './filter-list.ts';
import { eraOf } from './era.ts';
import { readMessage } from './message.ts';
import { SseSplitter } from './sse.ts';
import { isKnownMethod, targetOf } from './target.ts';

const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};
const MODERN_HEADERS = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo' };

function eraOfCall(method: string, params: object, headers: Readonly<Record<string, string>>): unknown {
  const read = readMessage(new TextEncoder().encode(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })));
  assert.ok(read.ok);
  const era = eraOf(read.message, (name) => headers[name]);
  return era.kind === 'refused' ? [era.status, era.code] : era.kind;
}

const call = { name: 'echo', _meta: ENVELOPE };

test('the body decides the era and the headers must agree', () => {
  assert.equal(eraOfCall('tools/call', { name: 'echo' }, {}), 'legacy');
  assert.equal(eraOfCall('tools/call', { name: 'echo' }, { 'mcp-protocol-version': '2025-11-25' }), 'legacy');
  assert.equal(eraOfCall('tools/call', call, MODERN_HEADERS), 'modern');
  assert.deepEqual(eraOfCall('tools/call', { name: 'echo' }, MODERN_HEADERS), [400, -32602]);
  assert.deepEqual(eraOfCall('tools/call', call, {}), [400, -32020]);
  assert.deepEqual(eraOfCall('tools/call', call, { ...MODERN_HEADERS, 'mcp-method': 'tools/list' }), [400, -32020]);
  assert.deepEqual(eraOfCall('tools/call', call, { ...MODERN_HEADERS, 'mcp-name': 'other' }), [400, -32020]);
  assert.deepEqual(eraOfCall('tools/call', call, { ...MODERN_HEADERS, 'mcp-name': 'echo, echo' }), [400, -32020]);
  assert.equal(eraOfCall('tools/call', call, { ...MODERN_HEADERS, 'mcp-name': '=?base64?ZWNobw==?=' }), 'modern');
  assert.deepEqual(
    eraOfCall('tools/call', call, { ...MODERN_HEADERS, 'mcp-name': '=?base64?ZWNobx==?=' }),
    [400, -32020],
  );
  const incomplete = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } };
  assert.deepEqual(eraOfCall('ping', incomplete, MODERN_HEADERS), [400, -32602]);
  const unknown = { _meta: { ...ENVELOPE, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' } };
  assert.deepEqual(
    eraOfCall('ping', unknown, { 'mcp-protocol-version': '2099-01-01', 'mcp-method': 'ping' }),
    [400, -32022],
  );
  assert.equal(eraOfCall('initialize', {}, {}), 'legacy');
  assert.deepEqual(eraOfCall('initialize', {}, MODERN_HEADERS), [400, -32020]);
});

for (const method of ['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe']) {
  test(`the modern era has no ${method}`, () => {
    const headers = { ...MODERN_HEADERS, 'mcp-method': method };
    assert.deepEqual(eraOfCall(method, { _meta: ENVELOPE }, headers), [404, -32601]);
    assert.equal(eraOfCall(method, {}, {}), 'legacy');
  });
}

test('a version that no server has is answered with those that a request can name', () => {
  const version = '2099-01-01';
  const params = { _meta: { ...ENVELOPE, 'io.modelcontextprotocol/protocolVersion': version } };
  const message = { kind: 'request', id: 1, method: 'server/discover', params } as const;
  const era = eraOf(message, (name) => (name === 'mcp-protocol-version' ? version : undefined));
  assert.deepEqual(era.kind === 'refused' && era.data, { supported: ['2026-07-28'], requested: version });
});

const TARGETS: readonly (readonly [method: string, params: object, target: unknown])[] = [
  ['tools/call', { name: 'a' }, { kind: 'tool', name: 'a' }],
  ['tools/call', {}, { kind: 'tool', name: '' }],
  ['resources/read', { uri: 'file:///a' }, { kind: 'resource', uri: 'file:///a' }],
  ['resources/read', {}, undefined],
  ['prompts/get', { name: 'p' }, { kind: 'prompt', name: 'p' }],
  ['completion/complete', { ref: { type: 'ref/prompt', name: 'p' } }, { kind: 'prompt', name: 'p' }],
  ['completion/complete', { ref: { type: 'ref/resource', uri: 'x://{a}' } }, { kind: 'template', uri: 'x://{a}' }],
  ['completion/complete', { ref: { type: 'ref/other' } }, undefined],
  ['subscriptions/listen', { notifications: { toolsListChanged: true } }, { kind: 'server' }],
  [
    'subscriptions/listen',
    { notifications: { resourceSubscriptions: ['a'], taskIds: ['t'] } },
    { kind: 'subscription', uris: ['a'], tasks: [{ kind: 'task', id: 't', tool: '' }] },
  ],
  ['subscriptions/listen', { notifications: { taskIds: 'a' } }, undefined],
  ['subscriptions/listen', { notifications: { taskIds: [1] } }, undefined],
  ['tasks/get', { taskId: 't' }, { kind: 'task', id: 't', tool: '' }],
  ['tasks/cancel', {}, undefined],
  ['Tools/Call', { name: 'a' }, undefined],
  ['constructor', {}, undefined],
];

for (const [method, params, target] of TARGETS) {
  test(`${method} ${JSON.stringify(params)} is about ${JSON.stringify(target)}`, () => {
    assert.deepEqual(targetOf({ kind: 'request', id: 1, method, params: { ...params } }), target);
  });
}

test('a method is known whatever its parameters are', () => {
  assert.ok(isKnownMethod('resources/read'));
  for (const method of ['tasks/list', 'Tools/Call', 'constructor']) assert.ok(!isKnownMethod(method));
});

test('a filtered list keeps every other byte', () => {
  const text =
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[ {"name":"a","n":1.0},{"name":"b"} , {"name":"\\u0063"}],"nextCursor":""}}';
  const kept = filterList(text, 'tools', (name) => name !== 'b');
  assert.equal(
    kept,
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","n":1.0},{"name":"\\u0063"}],"nextCursor":""}}',
  );
});

test('a filtered list is private for caches, wherever the hint stands', () => {
  const list = '{"result":{"cacheScope":"public","tools":[{"name":"a"},{"name":"b"}],"ttlMs":5}}';
  const kept = filterList(list, 'tools', (name) => name === 'a');
  assert.equal(kept, '{"result":{"cacheScope":"private","tools":[{"name":"a"}],"ttlMs":5}}');
  const after = '{"result":{"tools":[],"cacheScope" : "public"}}';
  assert.equal(
    filterList(after, 'tools', () => true),
    '{"result":{"tools":[],"cacheScope" : "private"}}',
  );
});

test('a list that cannot be read without ambiguity is not shown', () => {
  assert.equal(
    filterList('{"result":{"tools":[{"name":"a","name":"b"}]}}', 'tools', () => true),
    undefined,
  );
  for (const text of [
    '{"result":{"tools":[{"name":"a","Name":"b"}]}}',
    '{"result":{"Tools":[{"name":"b"}]}}',
    '{"result":{"tools":[]},"Result":{"tools":[{"name":"b"}]}}',
  ]) {
    assert.equal(
      filterList(text, 'tools', () => true),
      undefined,
      text,
    );
  }
  assert.equal(
    filterList('nothing', 'tools', () => true),
    undefined,
  );
});

test('an error to a list request passes, and an item without a name does not', () => {
  assert.equal(
    filterList('{"id":1,"error":{"code":1}}', 'tools', () => true),
    '{"id":1,"error":{"code":1}}',
  );
  assert.equal(
    filterList('{"result":{"tools":[{"title":"a"},7]}}', 'tools', () => true),
    '{"result":{"tools":[]}}',
  );
});

test('the outcome of an answer is read from its outer members', () => {
  assert.equal(outcomeOf('{"result":{"content":[{"text":"\\"isError\\":true"}]},"id":1}'), 'ok');
  assert.equal(outcomeOf('{"result":{"content":[],"isError" : true},"id":1}'), 'tool_error');
  assert.equal(outcomeOf(' {"id":1,"error":{}}'), 'rpc_error');
  assert.equal(isResponse('{"jsonrpc":"2.0","id":1,"result":{"method":"x"}}'), true);
  assert.equal(isResponse('{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}'), false);
  assert.equal(isResponse('[{"jsonrpc":"2.0","method":"x"},{"jsonrpc":"2.0","id":1,"result":{}}]'), true);
  assert.equal(isResponse('{"jsonrpc":"2.0","id":1,"method":"x","result":{}}'), true);
});

test('bytes ended as their text did, whatever spells the names', () => {
  const name = fc.constantFrom('error', 'result', 'isError', '\\u0065rror', 'r\\u0065sult', 'isErr\\u006Fr', 'id', 'é');
  const value = fc.constantFrom(
    'true',
    'false',
    '{}',
    '"isError"',
    '"\\n"',
    '{"isError":true}',
    '{"isErr\\u006fr":true}',
  );
  const members = fc.array(fc.tuple(name, value).map(([key, text]) => `"${key}":${text}`));
  fc.assert(
    fc.property(members, (list) => {
      const text = `{${list.join(',')}}`;
      assert.equal(outcomeOfBytes(Buffer.from(text)), outcomeOf(text));
    }),
    { numRuns: 2000 },
  );
});

test('property: a stream cut anywhere gives the same events, and no byte is lost', () => {
  const line = fc.constantFrom(
    'data: {"a":1}',
    'data:x',
    ': keep-alive',
    'id: 7',
    'event: message',
    'data',
    'data: é😀',
  );
  const event = fc.tuple(fc.array(line, { minLength: 1, maxLength: 3 }), fc.constantFrom('\n', '\r\n', '\r'));
  const stream = fc
    .array(event, { maxLength: 5 })
    .map((events) => events.map(([lines, end]) => `${lines.join(end)}${end}${end}`).join(''));
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 8 }), (text, cuts) => {
      const bytes = Buffer.from(text);
      const whole = new SseSplitter(10_000).push(bytes);
      const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
      const splitter = new SseSplitter(10_000);
      const parts = places.slice(1).flatMap((end, index) => splitter.push(bytes.subarray(places[index], end)));
      assert.deepEqual(
        parts.map(({ data }) => data),
        whole.map(({ data }) => data),
      );
      assert.deepEqual(Buffer.concat([...parts.map(({ bytes: part }) => part), splitter.rest()]), bytes);
    }),
  );
});

test('a stream may start with a byte order mark, and end with a CR', () => {
  const splitter = new SseSplitter(100);
  const events = [...Buffer.from('\uFEFFdata: a\r\r')].flatMap((byte) => splitter.push(Buffer.of(byte)));
  assert.deepEqual(
    events.map(({ bytes, data }) => [bytes.toString(), data]),
    [['data: a\r\r', 'a']],
  );
  assert.equal(new SseSplitter(100).push(Buffer.from('data: a\n\n\uFEFFdata: b\n\n'))[1]?.data, '');
});

test('an event longer than the limit is refused', () => {
  assert.throws(() => new SseSplitter(10).push(Buffer.from('data: 0123456789')), RangeError);
});

test('text that is no JSON is looked at without harm', () => {
  for (const text of [
    '',
    '{"\\q":1}',
    '{"a',
    '{"a\\',
    '[{"\\u00":',
    '{"result":{"\\x":true',
    '[,,,',
    '{,"result":1}',
  ]) {
    assert.equal(outcomeOf(text), 'ok', text);
    assert.equal(typeof isResponse(text), 'boolean', text);
  }
});
