import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeExit, toFailure } from './failure.ts';

const EXITS: readonly (readonly [string, readonly string[], string])[] = [
  ['nothing was said', [], 'exited with status 1'],
  ['a plain last line', ['starting', 'no API key', ''], 'exited with status 1: no API key'],
  [
    'Node prints the error before the stack and its version',
    [
      '/app.js:1',
      'throw new TypeError("x")',
      '^',
      '',
      'TypeError: no key',
      '    at main (/app.js:1:7)',
      '',
      'Node.js v26.1.0',
    ],
    'exited with status 1: TypeError: no key',
  ],
  [
    'Node names a code',
    ['Error [ERR_MODULE_NOT_FOUND]: Cannot find package', '  code: x', '}', '', 'Node.js v26.1.0'],
    'exited with status 1: Error [ERR_MODULE_NOT_FOUND]: Cannot find package',
  ],
  [
    'Python prints it last',
    ['Traceback (most recent call last):', '  File "x.py"', "KeyError: 'TOKEN'"],
    "exited with status 1: KeyError: 'TOKEN'",
  ],
  ['colours are left out', ['\u001B[31mred\u001B[0m'], 'exited with status 1: red'],
];

for (const [name, stderr, expected] of EXITS) {
  test(`says why a program ended: ${name}`, () => assert.equal(describeExit(1, null, stderr), expected));
}

test('names the signal that ended a program', () => {
  assert.equal(describeExit(null, 'SIGKILL', ['bye']), 'was ended by SIGKILL: bye');
});

test('a full disk has its own code, and what is unknown is not shown', () => {
  assert.equal(toFailure(Object.assign(new Error('x'), { code: 'ENOSPC' })).code, 'disk_full');
  assert.equal(toFailure(new Error('secret')).message, 'the server could not be started');
});
