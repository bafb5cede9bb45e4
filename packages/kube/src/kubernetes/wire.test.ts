import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CONFIG_MAPS, DEPLOYMENTS } from '../builtin.ts';
import { collectionPath, objectPath, selectionQuery, withQuery } from './paths.ts';
import { createRateLimiter } from './rate-limiter.ts';
import { linesOf, readWireEvent } from './watch-stream.ts';

async function* chunksOf(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let start = 0;
  for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    yield bytes.subarray(start, cut);
    start = Math.max(start, cut);
  }
}

test('lines are the same however the stream is cut', async () => {
  const text = fc.array(fc.string({ unit: 'grapheme' }).map((line) => JSON.stringify(line)));
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(500)), async (lines, cuts) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const inside = cuts.filter((cut) => cut <= bytes.length);
      assert.deepEqual(await Array.fromAsync(linesOf(chunksOf(bytes, inside), 1e6)), lines);
    }),
  );
});

test('a line without end is refused before it fills the memory', async () => {
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) yield Buffer.alloc(1_000, 'x');
  }
  await assert.rejects(Array.fromAsync(linesOf(endless(), 10_000)), { code: 'request_too_large' });
});

for (const line of ['', 'null', '{"type":"ADDED"}', '{"type":1,"object":{}}', '{"type":"ADDED","object":']) {
  test(`\`${line}\` is no event`, () => {
    assert.throws(() => readWireEvent(line), { code: 'service_unavailable' });
  });
}

test('paths name the group, the namespace and the object', () => {
  assert.equal(collectionPath(CONFIG_MAPS), '/api/v1/configmaps');
  assert.equal(collectionPath(DEPLOYMENTS, 'a'), '/apis/apps/v1/namespaces/a/deployments');
  assert.equal(
    objectPath(DEPLOYMENTS, { namespace: 'a', name: 'b' }, 'status'),
    '/apis/apps/v1/namespaces/a/deployments/b/status',
  );
  const cluster = { ...CONFIG_MAPS, namespaced: false };
  assert.equal(objectPath(cluster, { namespace: '', name: 'system:x' }), '/api/v1/configmaps/system%3Ax');
});

for (const name of ['', '.', '..', 'a/b', 'a%2fb', 'a,b', 'a=b', 'a\\b']) {
  test(`\`${name}\` never becomes a part of a path`, () => {
    assert.throws(() => objectPath(CONFIG_MAPS, { namespace: 'a', name }), { code: 'invalid_request' });
    assert.throws(() => objectPath(CONFIG_MAPS, { namespace: name, name: 'a' }), { code: 'invalid_request' });
    assert.throws(() => selectionQuery({ name }), { code: 'invalid_request' });
  });
}

test('selectors are text, and labels cannot add to them', () => {
  const query = selectionQuery({ labels: { 'mcpruntime.org/part': 'policy', tier: 'one' }, name: 'a' });
  assert.deepEqual(query, { labelSelector: 'mcpruntime.org/part=policy,tier=one', fieldSelector: 'metadata.name=a' });
  assert.equal(
    withQuery('/x', query),
    '/x?labelSelector=mcpruntime.org%2Fpart%3Dpolicy%2Ctier%3Done&fieldSelector=metadata.name%3Da',
  );
  assert.throws(() => selectionQuery({ labels: { tier: 'one,other!=x' } }), { code: 'invalid_request' });
  assert.equal(withQuery('/x', {}), '/x');
});

test('a burst goes at once, then requests go in order at their rate', async () => {
  let now = 0;
  const waits: number[] = [];
  const limiter = createRateLimiter(
    { qps: 10, burst: 3 },
    { now: () => now, sleep: async (ms) => void waits.push(ms) },
  );
  const { signal } = new AbortController();
  for (let count = 0; count < 5; count++) await limiter.take(signal);
  assert.deepEqual(waits, [100, 200]);
  now = 1_000;
  await limiter.take(signal);
  assert.deepEqual(waits, [100, 200]);
  await assert.rejects(limiter.take(AbortSignal.abort()), { name: 'AbortError' });
});
