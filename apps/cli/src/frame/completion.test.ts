import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS } from '../commands/index.ts';
import { candidatesFor } from '../actions/complete.ts';
import { aGrant } from '../testing/objects.ts';
import { startScriptedApi } from '../testing/scripted-api.ts';
import { complete, completionScript, SHELLS } from './completion.ts';

const NEVER = new AbortController().signal;

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
  { id: 'form of the result, asked for in short', words: ['server', 'list', '-o', 'j'], candidates: ['json'] },
  { id: 'word of an argument', words: ['completion', ''], candidates: ['bash', 'zsh', 'fish'] },
  { id: 'flag of every command', words: ['version', '--d'], candidates: ['--debug'] },
  { id: 'nothing known', words: ['nonsense', ''], candidates: [] },
];

for (const { id, words, candidates } of ROWS) {
  test(`completes: ${id}`, () => {
    assert.deepEqual([...complete(COMMANDS, words).words].toSorted(), [...candidates].toSorted());
  });
}

const NAMES = [
  { id: 'argument', words: ['server', 'get', ''], of: 'server' },
  { id: 'argument after the value of a flag', words: ['access', 'grant', 'disable', '-n', 'team-a', ''], of: 'grant' },
  { id: 'session of a token', words: ['access', 'session', 'token', 'm'], of: 'session' },
  { id: 'value of a flag', words: ['audit', 'list', '--server', ''], of: 'server' },
  { id: 'value of a short flag', words: ['server', 'list', '-n', ''], of: 'namespace' },
  { id: 'name of something new', words: ['access', 'grant', 'init', ''], of: undefined },
  { id: 'one argument too many', words: ['server', 'get', 'files', ''], of: undefined },
];

for (const { id, words, of } of NAMES) {
  test(`asks for names: ${id}`, () => {
    assert.equal(complete(COMMANDS, words).names?.of, of);
  });
}

test('names are those that the platform API knows, of the namespace that was given', async () => {
  const grants = ['a1', 'a2', 'b1'].map((name) => aGrant({ namespace: name === 'a2' ? 'other' : 'team', name }));
  await using api = await startScriptedApi({ 'GET /runtime/grants': () => ({ body: { grants } }) });
  const offered = (words: readonly string[], env = api.env) => candidatesFor(COMMANDS, words, { env, signal: NEVER });
  assert.deepEqual(await offered(['access', 'grant', 'get', 'a']), ['a1', 'a2']);
  assert.deepEqual(await offered(['access', 'grant', 'get', '-n', 'team', 'a']), ['a1']);
  assert.deepEqual(await offered(['access', 'grant', 'get', ''], { MCP_RUNTIME_DATA_DIR: '/nonexistent' }), []);
});

test('every shell has a script that asks the program', () => {
  for (const shell of SHELLS) assert.match(completionScript(shell), /mcp-runtime __complete/);
});
