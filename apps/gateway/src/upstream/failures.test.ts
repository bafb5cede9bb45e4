import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_LIMITS } from '../options.ts';
import { callOf, startBench, testDocument } from '../testing/bench.ts';
import { bearer, errorOf } from '../testing/caller.ts';

test('a server that is gone is a 502 with the id of the request', async () => {
  await using bench = await startBench({ answer: (_, response) => response.destroy(), document: testDocument() });
  const response = await bench.post(callOf('read', 9), await bearer(bench));
  assert.equal(response.status, 502);
  assert.deepEqual(await errorOf(response).then(({ id, reason }) => [id, reason]), [9, 'upstream_unavailable']);
  assert.equal(bench.events[0]?.payload.outcome, 'upstream_error');
});

test('a server that stays silent is a 504, and its record says so', async () => {
  const limits = { ...DEFAULT_LIMITS, answerTimeoutMs: 50 };
  await using bench = await startBench({ answer: () => {}, document: testDocument(), options: { limits } });
  const response = await bench.post(callOf('read', 9), await bearer(bench));
  assert.deepEqual([response.status, (await errorOf(response)).reason], [504, 'upstream_timeout']);
  assert.equal(bench.events[0]?.payload.outcome, 'upstream_error');
});
