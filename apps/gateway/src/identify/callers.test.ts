import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEADERS } from '@mcp-runtime/api';
import { type Bench, OK_RESULT, answersOk, callOf, startBench, testDocument } from '../testing/bench.ts';
import { bearer, errorOf } from '../testing/caller.ts';

const REFUSED_CALLERS: readonly (readonly [
  what: string,
  headers: (bench: Bench) => Promise<Record<string, string>>,
  reason: string,
])[] = [
  ['without a token', async () => ({}), 'missing_bearer_token'],
  ['with a token that is none', async () => ({ authorization: 'Bearer abc' }), 'invalid_token'],
  ['with a password', async () => ({ authorization: 'Basic YTpi' }), 'missing_bearer_token'],
  [
    'with a token for another server',
    (bench) => bearer(bench, { aud: 'urn:mcp-runtime:server:mcp-servers/other' }),
    'invalid_token',
  ],
  ['with a token of another issuer', (bench) => bearer(bench, { iss: 'somebody' }), 'invalid_token'],
  ['with a session that does not exist', (bench) => bearer(bench, { sid: 'nope' }), 'session_not_found'],
  [
    'with an unsigned token',
    async () => ({
      authorization: `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{}').toString('base64url')}.`,
    }),
    'invalid_token',
  ],
  [
    'with forged identity headers',
    async () => ({ [HEADERS.humanId]: 'alice', [HEADERS.agentId]: 'agent' }),
    'missing_bearer_token',
  ],
];

for (const [what, headers, reason] of REFUSED_CALLERS) {
  test(`a caller ${what} is refused with 401 and recorded`, async () => {
    await using bench = await startBench({ answer: answersOk, document: testDocument() });
    const response = await bench.post(callOf('read'), await headers(bench));
    assert.equal(response.status, 401);
    assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer realm=/);
    assert.equal((await errorOf(response)).reason, reason);
    assert.equal(bench.upstream.seen.length, 0);
    assert.equal(bench.events[0]?.payload.reason, reason);
  });
}

test('an expired token is refused, also when it was accepted before', async () => {
  let now = Date.now();
  await using bench = await startBench({ answer: answersOk, document: testDocument(), options: { clock: () => now } });
  const headers = await bearer(bench);
  assert.equal((await bench.post(callOf('read'), headers)).status, 200);
  now += 3_600_000;
  assert.equal((await bench.post(callOf('read'), headers)).status, 401);
});

const HEADER_MODE = testDocument({ auth: { mode: 'header' }, session: { required: false } });

test('identity headers count only from a declared network', async () => {
  const identity = { [HEADERS.humanId]: 'alice', [HEADERS.agentId]: 'agent' };
  await using closed = await startBench({ answer: answersOk, document: HEADER_MODE });
  const refused = await closed.post(callOf('read'), identity);
  assert.deepEqual([refused.status, (await errorOf(refused)).reason], [401, 'untrusted_identity_headers']);
  await using trusting = await startBench({
    answer: answersOk,
    document: HEADER_MODE,
    options: { trustHeadersFrom: ['127.0.0.0/8'] },
  });
  const allowed = await trusting.post(callOf('read'), identity);
  assert.deepEqual([allowed.status, await allowed.json()], [200, OK_RESULT]);
  assert.equal(trusting.events[0]?.payload.identity_source, 'header');
});
