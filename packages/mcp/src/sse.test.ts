import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isResponse, responseFrom } from './answer.ts';
import { type SseEvent, SseSplitter } from './sse.ts';

const NOTICE = '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1}}';
const RESPONSES = [
  '{"jsonrpc":"2.0","id":1,"result":{}}',
  '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}',
  '{"id":1,"r\\u0065sult":{}}',
  '[{"jsonrpc":"2.0","id":1,"\\u0065rror":{}}]',
];

const data = fc.constantFrom(NOTICE, ...RESPONSES, '{"text":"result\\""}', 'é😀', '');
const lineEnd = fc.constantFrom('\n', '\n', '\n', '\r\n', '\r');
const event = fc
  .tuple(data, lineEnd, fc.boolean())
  .map(([text, end, hasId]) => `${hasId ? `id: 7${end}` : ''}data: ${text}${end}${end}`);
const stream = fc.array(event, { maxLength: 8 }).map((events) => events.join(''));

function cut(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

function singles(events: readonly SseEvent[]): readonly SseEvent[] {
  return events.flatMap(({ bytes }) => new SseSplitter(10_000).push(bytes));
}

test('property: what is given in one piece has no response in it, and the order and every byte stay', () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 8 }), (text, places) => {
      const bytes = Buffer.from(text);
      const splitter = new SseSplitter(10_000, responseFrom);
      const events = cut(bytes, places).flatMap((part) => splitter.push(part));
      const hidden = singles(events.filter(({ matters }) => !matters)).filter((one) => isResponse(one.data));
      assert.deepEqual(hidden, []);
      assert.deepEqual(Buffer.concat([...events.map((one) => one.bytes), splitter.rest()]), bytes);
    }),
  );
});

test('notices before a response are one piece, and the response is one of its own', () => {
  const notices = `data: ${NOTICE}\n\n`.repeat(3);
  for (const response of RESPONSES) {
    const last = `data: ${response}\n\n`;
    const events = new SseSplitter(10_000, responseFrom).push(Buffer.from(notices + last));
    assert.deepEqual(
      events.map((one) => [one.bytes.toString(), one.matters]),
      [
        [notices, false],
        [last, true],
      ],
    );
  }
});
