import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { SIDE_EFFECTS, TRUST_LEVELS } from '@mcp-runtime/api';
import { LOG_LEVELS } from '@mcp-runtime/base';
import { runCli } from '../testing/program.ts';
import { COMMANDS } from './index.ts';

const GOLDEN = new URL('../testdata/help.txt', import.meta.url);

test('every help screen is as its golden file (UPDATE_GOLDEN=1 rewrites it)', async () => {
  const screens = [await screenOf('')];
  for (const { path } of COMMANDS) screens.push(await screenOf(path));
  const text = screens.join('');
  if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(GOLDEN, text);
  assert.equal(text, await readFile(GOLDEN, 'utf8'));
});

async function screenOf(path: string): Promise<string> {
  const { status, stdout } = await runCli([...path.split(' ').filter((word) => word !== ''), '--help']);
  assert.equal(status, 0, path);
  return `${'='.repeat(20)} mcp-runtime ${path}\n${stdout}\n`;
}

test('every command has a summary and an example that calls it', () => {
  for (const { path, summary, examples } of COMMANDS) {
    assert.match(summary, /^[a-z].*[^.]$/, path);
    assert.ok(
      examples.some((example) => example.includes(`mcp-runtime ${path}`)),
      path,
    );
  }
});

test('commands that print data take --output', () => {
  for (const { path, prints, flags } of COMMANDS) {
    if (prints === 'data') assert.ok(Object.hasOwn(flags, 'output'), path);
  }
});

test('the words of a flag are those of the schema that reads them', () => {
  const flagOf = (path: string, name: string) => COMMANDS.find((command) => command.path === path)?.flags[name]?.values;
  assert.deepEqual(flagOf('access grant init', 'trust'), TRUST_LEVELS);
  assert.deepEqual(flagOf('access grant init', 'side-effect'), SIDE_EFFECTS);
  assert.deepEqual(flagOf('up', 'log-level'), LOG_LEVELS);
});
