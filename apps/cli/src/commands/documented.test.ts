import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Command } from '../frame/command.ts';
import { checkArgs, flagValues, splitWords } from '../frame/parse.ts';
import { COMMANDS } from './index.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const PAGES = ['README.md', 'docs/guide/*.md', 'docs/concepts/*.md', 'apps/*/README.md', 'packages/*/README.md'];
/** A command in a block of code: indented or after `$ `, with the lines that go on. */
const TYPED = /(?:^ {4}|^\$ |\$\()(?:.*(?:\||;|&&) )?(?:npx )?mcp-runtime (?!\d)((?:[^\n\\]|\\\n)*)/gm;
const WORD = /'[^']*'|"[^"]*"|[^\s'"]+(?:"[^"]*")?/g;

function typedOn(page: string): readonly string[] {
  return [...readFileSync(join(ROOT, page), 'utf8').matchAll(TYPED)].map(([, words = '']) =>
    words.replaceAll('\\\n', ' ').trim(),
  );
}

/** As a shell splits it, up to a pipe, a redirection, a remark or the end of `$(…)`. */
function wordsOf(typed: string): readonly string[] {
  const own = (/^(?:'[^']*'|"[^"]*"|[^'"|>#&;)])*/.exec(typed)?.[0] ?? '').trim();
  return [...own.matchAll(WORD)].map(([word]) => word.replaceAll(/^['"]|['"]$/g, ''));
}

function check(words: readonly string[]): void {
  const command = COMMANDS.filter(({ path }) => path.split(' ').every((word, at) => words[at] === word)).toSorted(
    (a: Command, b: Command) => b.path.length - a.path.length,
  )[0];
  assert.ok(command !== undefined, 'there is no such command');
  const { flags, args } = splitWords(words.slice(command.path.split(' ').length), command.flags);
  flagValues(command.flags, flags);
  checkArgs(command.args, args);
}

test('every command that a page shows exists, with its flags and arguments', () => {
  const typed = globSync(PAGES, { cwd: ROOT }).flatMap((page) => typedOn(page).map((line) => ({ page, line })));
  assert.ok(typed.length > 30, `${typed.length} commands were found`);
  const wrong = typed.flatMap(({ page, line }) => {
    try {
      check(wordsOf(line));
      return [];
    } catch (error) {
      return [`${page}: ${line}: ${error instanceof Error ? error.message : String(error)}`];
    }
  });
  assert.deepEqual(wrong, []);
});
