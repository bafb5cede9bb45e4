import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeMirrored, encodeMirrored, mirroredName } from './mirrored.ts';

test('a plain value travels as it is, and everything else in base64', () => {
  assert.equal(encodeMirrored('read file'), 'read file');
  assert.equal(encodeMirrored(''), '=?base64??=');
  assert.equal(encodeMirrored(' x'), '=?base64?IHg=?=');
  assert.equal(encodeMirrored('grün'), '=?base64?Z3LDvG4=?=');
  assert.equal(encodeMirrored('=?base64?eA==?='), '=?base64?PT9iYXNlNjQ/ZUE9PT89?=');
});

test('a mirrored value is read as it was, and is a header value', () => {
  const text = fc.string({ unit: 'grapheme' }).filter((value) => value.isWellFormed());
  fc.assert(
    fc.property(text, (value) => {
      const encoded = encodeMirrored(value);
      assert.match(encoded, /^[\t\u0020-\u007e]*$/);
      assert.equal(decodeMirrored(encoded), value);
    }),
  );
});

test('the mirrored name is that of the object a method is about', () => {
  assert.equal(mirroredName('tools/call', { name: 'a', uri: 'b' }), 'a');
  assert.equal(mirroredName('resources/read', { name: 'a', uri: 'b' }), 'b');
  assert.equal(mirroredName('tools/list', { name: 'a' }), undefined);
  assert.equal(mirroredName('prompts/get', { name: 7 }), undefined);
});
