import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closureOf, nameOfFolder } from './lockfile.ts';

const LOCKFILE = {
  'node_modules/a': { dependencies: { b: '1', '@s/c': '1' } },
  'node_modules/a/node_modules/b': { dependencies: { d: '1' } },
  'node_modules/b': {},
  'node_modules/@s/c': { optionalDependencies: { absent: '1', a: '1' } },
  'node_modules/d': {},
  'node_modules/unrelated': {},
};

test('a package brings what it depends on, as Node would find it', () => {
  assert.deepEqual(closureOf(LOCKFILE, 'node_modules/a'), [
    'node_modules/@s/c',
    'node_modules/a',
    'node_modules/a/node_modules/b',
    'node_modules/d',
  ]);
});

test('a folder names its package', () => {
  assert.equal(nameOfFolder('node_modules/a/node_modules/@s/c'), '@s/c');
  assert.equal(nameOfFolder('node_modules/b'), 'b');
});
