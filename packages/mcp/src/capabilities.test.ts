import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Reduced, reduceCapabilities } from './capabilities.ts';

const all: Reduced = { notified: () => ['tools', 'prompts', 'resources'], passes: (name) => name === 'known/x' };
const none: Reduced = { notified: (announced) => announced, passes: () => true };

const CASES: readonly (readonly [title: string, reduced: Reduced, before: string, after: string])[] = [
  [
    'lists that change',
    all,
    '{"tools":{},"prompts":{"listChanged":false,"n":1.0}}',
    '{"tools":{"listChanged":true},"prompts":{"listChanged":true,"n":1.0}}',
  ],
  ['a list that the server does not have', all, '{"logging":{}}', '{"logging":{}}'],
  ['nothing to say', none, '{ "tools" : { } , "x":1e2 }', '{ "tools" : { } , "x":1e2 }'],
  ['the list of tasks', none, '{"tasks":{"list":{},"cancel":{}}}', '{"tasks":{"cancel":{}}}'],
  [
    'extensions that do not pass',
    all,
    '{"extensions":{"a/b":{},"known/x":{"v":1.0}}}',
    '{"extensions":{"known/x":{"v":1.0}}}',
  ],
];

for (const [title, reduced, before, after] of CASES) {
  test(`capabilities: ${title}`, () => {
    const around = (text: string): string =>
      `{ "jsonrpc":"2.0","id":1,"result":{"capabilities":${text}, "instructions":"\\u0041"}}`;
    assert.equal(reduceCapabilities(around(before), reduced), around(after));
  });
}

test('what is filtered is private for caches', () => {
  const text = '{"result":{"cacheScope":"public","capabilities":{}}}';
  assert.equal(reduceCapabilities(text, none), '{"result":{"cacheScope":"private","capabilities":{}}}');
});

test('an error, and what is no JSON, stay', () => {
  for (const text of [
    '{"id":1,"error":{"code":1}}',
    '{"result":{"capabilities":[]}}',
    'nothing',
    '{"result":{},"result":{}}',
  ]) {
    assert.equal(reduceCapabilities(text, all), text);
  }
});
