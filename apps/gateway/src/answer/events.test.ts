import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { bearer } from '../testing/caller.ts';
import { type Answer } from '../testing/upstream.ts';

const PROGRESS = 'event: message\ndata: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n';
const LAST = `event: message\ndata: ${JSON.stringify(OK_RESULT)}\n\n`;
const AFTER = ': bye\n\n';

const together: Answer = (_, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(PROGRESS.repeat(50) + LAST + AFTER);
};

test('events that come together pass in order, and the record counts all up to the response', async () => {
  await using bench = await startBench({ answer: together, document: testDocument() });
  const response = await bench.post(callOf('read'), await bearer(bench));
  assert.equal(await response.text(), PROGRESS.repeat(50) + LAST + AFTER);
  assert.equal(bench.events[0]?.payload.bytes_out, (PROGRESS.repeat(50) + LAST).length);
});

test('where the record of a response cannot be written, the events before it pass and it does not', async () => {
  const append = (): Promise<void> => Promise.reject(new Error('no space'));
  await using bench = await startBench({
    answer: together,
    document: testDocument(),
    audit: { append },
    strict: 'strict',
  });
  const response = await bench.post(callOf('read'), await bearer(bench));
  const text = await response.text();
  assert.ok(text.startsWith(PROGRESS.repeat(50)));
  assert.ok(!text.includes(LAST));
  assert.match(text, /"reason":"audit_unavailable"/);
});
