import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '@mcp-runtime/api';
import { OK_RESULT, answersOk, callOf, startBench, testDocument } from '../testing/bench.ts';
import { bearer, errorOf } from '../testing/caller.ts';
import { until } from '../testing/until.ts';
import { type Answer } from '../testing/upstream.ts';

test('where the server asks for strict audit, what cannot be recorded does not happen', async () => {
  await using bench = await startBench({
    answer: answersOk,
    document: testDocument(),
    strict: 'strict',
    audit: { state: () => 'unwritable' },
  });
  const response = await bench.post(callOf('read'), await bearer(bench));
  assert.deepEqual([response.status, (await errorOf(response)).reason], [503, 'audit_unavailable']);
  assert.equal(bench.upstream.seen.length, 0);
  assert.match(await (await fetch(`${bench.gateway.adminUrl}/ready`)).text(), /audit_unavailable/);
});

test('a record that fails in the middle withholds the answer where audit is strict, and not elsewhere', async () => {
  const audit = { append: () => Promise.reject(new AppError('disk_full', 'no space')) };
  await using strict = await startBench({ answer: answersOk, document: testDocument(), strict: 'strict', audit });
  const withheld = await strict.post(callOf('read'), await bearer(strict));
  assert.deepEqual([withheld.status, (await errorOf(withheld)).reason], [503, 'audit_unavailable']);
  await using lenient = await startBench({ answer: answersOk, document: testDocument(), audit });
  assert.equal((await lenient.post(callOf('read'), await bearer(lenient))).status, 200);
});

test('a record that fails while a stream is open ends that call and nothing else', async () => {
  const answer: Answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${JSON.stringify(OK_RESULT)}\n\n`);
  };
  const audit = { append: () => Promise.reject(new AppError('disk_full', 'no space')) };
  await using bench = await startBench({ answer, document: testDocument(), strict: 'strict', audit });
  const response = await bench.post(callOf('read'), await bearer(bench));
  const text = await response.text();
  assert.match(text, /"reason":"audit_unavailable"/);
  assert.doesNotMatch(text, /"text":"ok"/);
});

test('the answer waits for its record', async () => {
  const written = Promise.withResolvers<void>();
  await using bench = await startBench({
    answer: answersOk,
    document: testDocument(),
    audit: { append: () => written.promise },
  });
  const pending = bench.post(callOf('read'), await bearer(bench));
  const first = await Promise.race([pending.then(() => 'answered'), until(() => bench.upstream.seen.length > 0)]);
  assert.notEqual(first, 'answered');
  written.resolve();
  assert.equal((await pending).status, 200);
});
