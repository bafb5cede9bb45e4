import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS } from '../commands/index.ts';
import { complete, completionScript, SHELLS } from './completion.ts';

const ROWS: readonly {
  readonly id: string;
  readonly words: readonly string[];
  readonly candidates: readonly string[];
}[] = [
  { id: 'first word', words: ['se'], candidates: ['server', 'serve'] },
  { id: 'word of a group', words: ['access', 'grant', 'd'], candidates: ['delete', 'disable'] },
  { id: 'flag', words: ['server', 'list', '--n'], candidates: ['--namespace'] },
  { id: 'flag after an argument', words: ['server', 'logs', 'files', '--f'], candidates: ['--follow'] },
  { id: 'value of a flag', words: ['audit', 'list', '--decision', 'd'], candidates: ['deny'] },
  { id: 'form of the result', words: ['server', 'list', '--output', ''], candidates: ['table', 'json', 'yaml'] },
  { id: 'nothing known', words: ['nonsense', ''], candidates: [] },
];

for (const { id, words, candidates } of ROWS) {
  test(`completes: ${id}`, () => {
    assert.deepEqual([...complete(COMMANDS, words)].toSorted(), [...candidates].toSorted());
  });
}

test('every shell has a script that asks the program', () => {
  for (const shell of SHELLS) assert.match(completionScript(shell), /mcp-runtime __complete/);
});
