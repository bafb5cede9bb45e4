import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEADERS } from '@mcp-runtime/api';
import { OK_RESULT, answersOk, callOf, startBench, testDocument } from './testing/bench.ts';
import { bearer } from './testing/caller.ts';
import { type Answer, sendJson } from './testing/upstream.ts';

test('no credential, cookie, identity or forwarding header crosses to the server', async () => {
  await using bench = await startBench({ answer: answersOk, document: testDocument() });
  await bench.post(callOf('read'), {
    ...(await bearer(bench)),
    cookie: 'a=b',
    'x-api-key': 'k',
    'x-forwarded-for': '1.2.3.4',
    [HEADERS.humanId]: 'mallory',
    'proxy-authorization': 'Basic x',
    'mcp-protocol-version': '2025-11-25',
    'last-event-id': '9',
    'x-other': 'y',
  });
  const names = Object.keys(bench.upstream.seen[0]?.headers ?? {}).toSorted();
  assert.deepEqual(names, [
    'accept',
    'content-length',
    'content-type',
    'host',
    'last-event-id',
    'mcp-protocol-version',
  ]);
});

test('no cookie or challenge of the server crosses to the caller', async () => {
  const answer: Answer = (_, response) => sendJson(response, OK_RESULT, { 'set-cookie': 'a=b', 'x-internal': 'y' });
  await using bench = await startBench({ answer, document: testDocument() });
  const response = await bench.post(callOf('read'), await bearer(bench));
  assert.deepEqual([response.headers.get('set-cookie'), response.headers.get('x-internal')], [null, null]);
});
