import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineSplitter } from './lines.ts';

function linesOf(maxBytes: number, ...chunks: readonly string[]): readonly string[] {
  const lines: string[] = [];
  const push = lineSplitter(maxBytes, {
    line: (line) => lines.push(line.toString()),
    tooLong: (start) => lines.push(`${start.toString()}…`),
  });
  for (const chunk of chunks) push(Buffer.from(chunk));
  return lines;
}

const ROWS = [
  { name: 'joins a line from chunks', chunks: ['a', 'b', 'c\nd\n'], lines: ['abc', 'd'] },
  { name: 'takes CRLF and skips empty lines', chunks: ['a\r\n\nb\n'], lines: ['a', 'b'] },
  { name: 'keeps back a line without its end', chunks: ['a\nb'], lines: ['a'] },
  {
    name: 'cuts a line beyond the limit once and goes on after it',
    chunks: ['123456', '78\nok\n'],
    lines: ['1234…', 'ok'],
  },
  { name: 'takes a line of just the limit', chunks: ['1234\n'], lines: ['1234'] },
];

for (const { name, chunks, lines } of ROWS) {
  test(name, () => assert.deepEqual(linesOf(4, ...chunks), lines));
}
