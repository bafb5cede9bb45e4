import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mirroredOf, paramHeaders } from './param-headers.ts';
import { createToolHeaders } from './tool-headers.ts';

function listed(name: string, cursor?: string): string {
  const properties = { a: { type: 'string', 'x-mcp-header': 'A' } };
  const tools = [{ name, inputSchema: { type: 'object', properties } }];
  return JSON.stringify({ tools, ...(cursor === undefined ? {} : { nextCursor: cursor }) });
}

test('tools are listed to the last page, once in five minutes for each place, and again when forgotten', async () => {
  let now = 0;
  const asked: (string | undefined)[] = [];
  const list = async (cursor: string | undefined): Promise<string> => {
    asked.push(cursor);
    return cursor === undefined ? listed('one', '') : listed('two');
  };
  const tools = createToolHeaders(() => now);
  assert.deepEqual(await tools.of('here', 'two', list), [{ header: 'Mcp-Param-A', path: ['a'] }]);
  assert.deepEqual(await tools.of('here', 'none', list), []);
  assert.deepEqual(asked, [undefined, '""'], 'an empty cursor is one');
  await tools.of('there', 'one', list);
  assert.equal(asked.length, 4);
  now = 299_999;
  await tools.of('here', 'one', list);
  assert.equal(asked.length, 4);
  now = 300_000;
  await tools.of('here', 'one', list);
  assert.equal(asked.length, 6);
  tools.forget('here');
  await tools.of('here', 'one', list);
  assert.equal(asked.length, 8);
});

test('a list without an end is read for fifty pages', async () => {
  let pages = 0;
  const tools = createToolHeaders(() => 0);
  await tools.of('here', 'none', async () => listed(`t${(pages += 1)}`, 'more'));
  assert.equal(pages, 50);
});

const VALUES: readonly (readonly [string, string | undefined])[] = [
  ['{"a":"x"}', 'x'],
  ['{"a":"x\\u0041"}', 'xA'],
  ['{"a":""}', '=?base64??='],
  ['{"a":true}', 'true'],
  ['{"a":-7}', '-7'],
  ['{"a":12345678901234567890}', '12345678901234567890'],
  ['{"a":1.0}', '1'],
  ['{"a":1e3}', '1000'],
  ['{"a":null}', undefined],
  ['{"a":[1]}', undefined],
  ['{"a":{"b":1}}', undefined],
  ['{"b":1}', undefined],
  ['[]', undefined],
];

for (const [args, expected] of VALUES) {
  test(`of the arguments ${args} the header is ${expected ?? 'left out'}`, () => {
    const headers = paramHeaders([{ header: 'Mcp-Param-A', path: ['a'] }], args);
    assert.deepEqual(headers, expected === undefined ? {} : { 'mcp-param-a': expected });
  });
}

test('only what is reached through `properties` is mirrored, under a name that is one', () => {
  const marked = (name: unknown): object => ({ type: 'string', 'x-mcp-header': name });
  const schema = {
    'x-mcp-header': 'Root',
    properties: {
      good: marked('Good'),
      deep: { properties: { inner: marked('Inner') } },
      list: { items: marked('Item') },
      either: { anyOf: [marked('Any')] },
      split: marked('A\r\nB'),
      number: marked(7),
    },
  };
  assert.deepEqual(mirroredOf(schema), [
    { header: 'Mcp-Param-Good', path: ['good'] },
    { header: 'Mcp-Param-Inner', path: ['deep', 'inner'] },
  ]);
  assert.deepEqual(mirroredOf(undefined), []);
});
