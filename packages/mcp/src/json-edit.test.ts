import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { memberText, withMembers } from './json-edit.ts';
import { itemTexts } from './json-text.ts';

const cases: readonly (readonly [string, string, Readonly<Record<string, string | undefined>>, string])[] = [
  ['a member is replaced in its place', '{"a":1,"b":2}', { a: '"x"' }, '{"a":"x","b":2}'],
  ['a new member comes last', '{"a":1}', { b: '[]' }, '{"a":1,"b":[]}'],
  ['a member is removed', '{"a":1,"b":2}', { a: undefined }, '{"b":2}'],
  ['removing what is not there changes nothing', '{"a":1}', { z: undefined }, '{"a":1}'],
  ['an empty object gets its first member', '{ }', { a: '1' }, '{"a":1}'],
  [
    'numbers keep their spelling',
    '{"n":1.50e3,"big":9007199254740993,"z":-0}',
    { a: '1' },
    '{"n":1.50e3,"big":9007199254740993,"z":-0,"a":1}',
  ],
  ['a name that is escaped is the same name', '{"\\u0061":1}', { a: '2' }, '{"a":2}'],
  ['nested members of that name stay', '{"o":{"a":1}}', { a: '2' }, '{"o":{"a":1},"a":2}'],
  ['a member named like the prototype is a member', '{"__proto__":{"x":1}}', { a: '1' }, '{"__proto__":{"x":1},"a":1}'],
];

for (const [name, object, changes, expected] of cases) {
  test(`members of a JSON text: ${name}`, () => assert.equal(withMembers(object, changes), expected));
}

test('members of a JSON text: what is not changed says the same before and after', () => {
  const anObject = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(anObject, fc.string(), fc.jsonValue(), (object, name, value) => {
      const changed = withMembers(JSON.stringify(object), Object.fromEntries([[name, JSON.stringify(value)]]));
      const expected = JSON.stringify(Object.assign(Object.create(null), object, Object.fromEntries([[name, value]])));
      assert.deepEqual(JSON.parse(changed), JSON.parse(expected));
    }),
  );
});

test('the text of a member and of items is what was written', () => {
  assert.equal(memberText('{"a": [1.0, {"b":2}] }', 'a'), '[1.0, {"b":2}]');
  assert.equal(memberText('{"a":1}', 'b'), undefined);
  assert.deepEqual(itemTexts('[ 1.0 , {"a":2} ,"x"]'), ['1.0', '{"a":2}', '"x"']);
  assert.deepEqual(itemTexts('{"a":1}'), []);
});
