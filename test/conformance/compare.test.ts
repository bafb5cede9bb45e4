import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare } from './compare.ts';
import { type CheckResult, type CheckStatus } from './suite.ts';

function result(check: string, status: CheckStatus, message = ''): CheckResult {
  return { scenario: 'ping', check, status, message };
}

test('equal results differ in nothing, whatever the messages say', () => {
  assert.deepEqual(compare([result('a', 'FAILURE', 'one')], [result('a', 'FAILURE', 'other')]), []);
});

test('a check that ends otherwise, and one that is made on one way only, are differences', () => {
  const direct = [result('a', 'SUCCESS'), result('a', 'SUCCESS'), result('b', 'INFO')];
  const governed = [result('a', 'SUCCESS'), result('a', 'FAILURE', 'refused'), result('c', 'SUCCESS')];
  const scenario = 'ping';
  assert.deepEqual(compare(direct, governed), [
    { scenario, check: 'a#2', direct: 'SUCCESS', governed: 'FAILURE', messages: ['refused'] },
    { scenario, check: 'b', direct: 'INFO', governed: 'absent', messages: [] },
    { scenario, check: 'c', direct: 'absent', governed: 'SUCCESS', messages: [] },
  ]);
});
