import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AnswerFault } from './answer-head.ts';
import { AnswerReader } from './answer-reader.ts';

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly isWhole: boolean;
  readonly surplus: number;
  readonly keepMs: number;
}

/** Reads the parts one after another; then the server closes. */
function read(parts: readonly string[]): Answer {
  let status = 0;
  let body = '';
  let keepMs = 0;
  let ends = 0;
  const reader = new AnswerReader({
    onHead: (head) => ({ status, keepMs } = head),
    onChunk: (chunk) => (body += chunk.toString('latin1')),
    onEnd: () => (ends += 1),
  });
  for (const part of parts) reader.push(Buffer.from(part, 'latin1'));
  const { surplus } = reader;
  const isWhole = reader.close();
  assert.equal(ends, isWhole ? 1 : 0);
  return { status, body, isWhole, surplus, keepMs };
}

const READ: readonly { readonly id: string; readonly text: string; readonly gives: Partial<Answer> }[] = [
  { id: 'a length', text: 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi', gives: { body: 'hi', isWhole: true } },
  { id: 'no reason phrase', text: 'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n', gives: { status: 200, isWhole: true } },
  {
    id: 'chunks with an extension and a trailer',
    text: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2;a=b\r\nhi\r\n1\r\n!\r\n0\r\nx: y\r\n\r\n',
    gives: { body: 'hi!', isWhole: true },
  },
  { id: 'until the server closes', text: 'HTTP/1.1 200 OK\r\n\r\nhi', gives: { body: 'hi', isWhole: true, keepMs: 0 } },
  { id: 'HTTP/1.0 is not kept', text: 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n', gives: { keepMs: 0 } },
  {
    id: 'close is not kept',
    text: 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nConnection: Close\r\n\r\n',
    gives: { keepMs: 0 },
  },
  {
    id: 'the hint of the server, with a margin',
    text: 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nKeep-Alive: timeout=5, max=9\r\n\r\n',
    gives: { keepMs: 4000 },
  },
  {
    id: 'informational heads before the answer',
    text: 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n',
    gives: { status: 202, isWhole: true },
  },
  {
    id: 'no content, whatever the length says',
    text: 'HTTP/1.1 204 No\r\ncontent-length: 5\r\n\r\n',
    gives: { isWhole: true },
  },
  { id: 'a body that is cut', text: 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi', gives: { isWhole: false } },
  {
    id: 'chunks that are cut',
    text: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n',
    gives: { isWhole: false },
  },
  {
    id: 'more than was announced',
    text: 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi!',
    gives: { body: 'hi', surplus: 1 },
  },
];

for (const { id, text, gives } of READ) {
  test(`reads ${id}, however it is divided`, () => {
    assert.deepEqual({ ...read([text]), ...gives }, read([text]));
    assert.deepEqual(read(text.split('')), read([text]));
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        const parts = at.slice(1).map((end, index) => text.slice(at[index], end));
        assert.deepEqual(read(parts), read([text]));
      }),
    );
  });
}

const HEAD = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`;
const REFUSED: readonly { readonly id: string; readonly text: string }[] = [
  { id: 'another protocol', text: 'ICY 200 OK\r\n\r\n' },
  { id: 'another version', text: 'HTTP/2.0 200 OK\r\n\r\n' },
  { id: 'a switch of protocols', text: 'HTTP/1.1 101 Switching\r\n\r\n' },
  { id: 'two lengths', text: `${HEAD}content-length: 2\r\ncontent-length: 3\r\n\r\n` },
  { id: 'a list of lengths', text: `${HEAD}content-length: 2, 2\r\n\r\n` },
  { id: 'a length with a sign', text: `${HEAD}content-length: +2\r\n\r\n` },
  { id: 'a length beside chunks', text: `${HEAD}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n` },
  { id: 'another transfer coding', text: `${HEAD}transfer-encoding: gzip, chunked\r\n\r\n` },
  { id: 'two transfer codings', text: `${HEAD}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n` },
  { id: 'chunks in HTTP/1.0', text: 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n' },
  { id: 'a folded line', text: `${HEAD}x: a\r\n b\r\n\r\n` },
  { id: 'a space before the colon', text: `${HEAD}content-length : 2\r\n\r\n` },
  { id: 'a bare line feed', text: `${HEAD}x: a\ncontent-length: 2\r\n\r\n` },
  { id: 'a line without a colon', text: `${HEAD}nothing\r\n\r\n` },
  { id: 'a head without end', text: HEAD + `x: ${'a'.repeat(40_000)}` },
  { id: 'a chunk size that is no number', text: `${CHUNKED}0x2\r\nhi\r\n` },
  { id: 'a chunk size beyond counting', text: `${CHUNKED}fffffffffffffffff\r\n` },
  { id: 'a chunk that is longer than it says', text: `${CHUNKED}1\r\nhi\r\n` },
  { id: 'a chunk line without end', text: `${CHUNKED}1;${'a'.repeat(5000)}` },
];

for (const { id, text } of REFUSED) {
  test(`refuses ${id}`, () => {
    assert.throws(() => read([text]), AnswerFault);
    assert.throws(() => read(text.split('')), AnswerFault);
  });
}

test('a pause holds to the byte, also within what has arrived already', () => {
  let body = '';
  const reader: AnswerReader = new AnswerReader({
    onHead: () => reader.pause(),
    onChunk: (chunk) => (body += chunk.toString('latin1')),
    onEnd: () => (body += '.'),
  });
  reader.push(Buffer.from(`${HEAD}content-length: 3\r\n\r\nhi`));
  reader.push(Buffer.from('!'));
  assert.equal(body, '');
  reader.resume();
  assert.equal(body, 'hi!.');
});
