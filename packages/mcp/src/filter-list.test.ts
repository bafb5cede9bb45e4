import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { filterList } from './filter-list.ts';

const RESULT = '{"tools":[{"name":"a"}, {"name":"b","x":1.0}],"cacheScope":"public"}';
const SHOWN = '{"tools":[{"name":"b","x":1.0}],"cacheScope":"private"}';
const seesB = (name: string): boolean => name === 'b';

test('a list that was read before is filtered alike, whatever stands around it', () => {
  for (const [before, after] of [
    ['{"jsonrpc":"2.0","id":1,"result":', '}'],
    ['{"jsonrpc":"2.0","id":"2","result":', '}'],
    ['{"result":', ',"jsonrpc":"2.0","id":3}'],
    [' {"id":[{"result":4}], "result" : ', ' , "x":{} } '],
  ] as const) {
    assert.equal(filterList(before + RESULT + after, 'tools', seesB), before + SHOWN + after);
  }
});

test('a list that was read before makes nothing readable that is not', () => {
  filterList(`{"result":${RESULT}}`, 'tools', seesB);
  for (const text of [
    `{"result":${RESULT}`,
    `{"result":${RESULT}}}`,
    `{"result":${RESULT},"result":{}}`,
    `{"result":${RESULT},"r\\u0065sult":{}}`,
    `{"result":${RESULT},"Result":{}}`,
    `{"result":${RESULT} {}}`,
    `{"x":1e999,"result":${RESULT}}`,
    `[{"result":${RESULT}}]`,
    `{"result":${RESULT.slice(0, -1)},"tools":[{"name":"c"}]}}`,
  ]) {
    assert.equal(filterList(text, 'tools', seesB), undefined, text);
  }
});

test('a list of one kind is not taken for one of another', () => {
  const both = '{"tools":[{"name":"a"}],"prompts":[{"name":"a"}]}';
  assert.equal(filterList(`{"result":${both}}`, 'tools', seesB), '{"result":{"tools":[],"prompts":[{"name":"a"}]}}');
  assert.equal(filterList(`{"result":${both}}`, 'prompts', seesB), '{"result":{"tools":[{"name":"a"}],"prompts":[]}}');
});

test('property: the second reading of a list gives what the first gave', () => {
  const name = fc.constantFrom('a', 'b', 'é', '"', '\\');
  const item = fc.record({ name, title: fc.string() }, { requiredKeys: [] });
  fc.assert(
    fc.property(fc.array(item), fc.nat(), (tools, id) => {
      const text = JSON.stringify({ jsonrpc: '2.0', id, result: { tools } });
      const shown = JSON.stringify({ jsonrpc: '2.0', id, result: { tools: tools.filter((one) => one.name === 'b') } });
      assert.equal(filterList(text, 'tools', seesB), shown);
      assert.equal(filterList(text, 'tools', seesB), shown);
    }),
  );
});
