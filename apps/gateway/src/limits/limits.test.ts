import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HEADERS, type PolicyDocument, type PolicyDocumentLimits } from '@mcp-runtime/api';
import { compilePolicy } from '@mcp-runtime/policy';
import { z } from 'zod';
import { type Bench, OK_RESULT, answersOk, callOf, startBench, testDocument } from '../testing/bench.ts';
import { type Answer, sendJson } from '../testing/upstream.ts';

const Refused = z.object({
  id: z.number(),
  error: z.object({
    code: z.number(),
    message: z.string(),
    data: z.object({ reason: z.string(), requestId: z.string(), retryAfterMs: z.number() }),
  }),
});

/** A clock that stands still until it is told to go on. */
function standingClock(): { now: number; readonly read: () => number } {
  const clock = { now: Date.now(), read: () => clock.now };
  return clock;
}

const limitedTo = (limits: PolicyDocumentLimits, change: Partial<PolicyDocument> = {}): PolicyDocument =>
  testDocument({ limits, ...change });

async function call(
  bench: Bench,
  body: unknown = callOf('read'),
  headers: Record<string, string> = {},
): Promise<Response> {
  return bench.post(body, { authorization: `Bearer ${await bench.token()}`, ...headers });
}

test('calls beyond the limit are refused in band with the time to wait, recorded, and counted by reason', async () => {
  const clock = standingClock();
  const document = limitedTo({ calls: 2, window_seconds: 10 });
  await using bench = await startBench({ answer: answersOk, document, options: { clock: clock.read } });
  for (let n = 0; n < 2; n++) assert.deepEqual(await (await call(bench)).json(), OK_RESULT);
  const refused = await call(bench);
  assert.equal(refused.status, 200);
  const { id, error } = Refused.parse(await refused.json());
  assert.deepEqual([id, error.code, error.data.reason], [1, 42901, 'rate_limited']);
  assert.equal(error.message, 'the limit of server: at most 2 calls in 10 s');
  assert.equal(refused.headers.get('retry-after'), String(Math.ceil(error.data.retryAfterMs / 1000)));
  assert.equal(bench.upstream.seen.length, 2);
  const [event] = bench.events.slice(-1);
  assert.deepEqual(
    [event?.payload.decision, event?.payload.reason, event?.payload.outcome],
    ['deny', 'rate_limited', 'refused'],
  );
  const metrics = await (await fetch(`${bench.gateway.adminUrl}/metrics`)).text();
  assert.match(metrics, /mcp_gateway_policy_decisions_total\{[^}]*reason="rate_limited"[^}]*\} 1/);
  clock.now += error.data.retryAfterMs;
  assert.deepEqual(await (await call(bench)).json(), OK_RESULT);
});

test('a limit on the question which protocol is spoken is 503, never 429', async () => {
  const version = '2026-07-28';
  const meta = {
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientInfo': { name: 't', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const discover = { jsonrpc: '2.0', id: 1, method: 'server/discover', params: { _meta: meta } };
  const headers = { [HEADERS.mcpProtocolVersion]: version, [HEADERS.mcpMethod]: 'server/discover' };
  for (const denials of ['conceal', 'explain', 'http']) {
    const policy = { ...testDocument().policy, denials };
    const document = limitedTo({ calls: 1, window_seconds: 3600 }, { policy });
    await using bench = await startBench({ answer: answersOk, document });
    await call(bench);
    const refused = await call(bench, discover, headers);
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers.get('retry-after')) > 1);
  }
});

test('`http` says 429, and a concealing server does not say which limit it was', async () => {
  const document = (denials: string): PolicyDocument =>
    limitedTo({ calls: 1, window_seconds: 3600 }, { policy: { ...testDocument().policy, denials } });
  await using bench = await startBench({ answer: answersOk, document: document('http') });
  await call(bench);
  assert.equal((await call(bench)).status, 429);
  bench.policy.publish(compilePolicy(document('conceal')));
  const { error } = Refused.parse(await (await call(bench)).json());
  assert.equal(error.message, 'the caller made as many calls as its limit allows in a window');
});

test('limits of a tool and of a grant count beside those of the server, each caller for itself', async () => {
  const hour = { calls: 1, window_seconds: 3600 };
  const tools = [
    { name: 'read', side_effect: 'read', limits: hour },
    { name: 'look', side_effect: 'read' },
  ];
  await using bench = await startBench({ answer: answersOk, document: testDocument({ tools }) });
  const reasonOf = async (response: Response): Promise<string> => {
    const parsed = Refused.safeParse(await response.json());
    return parsed.success ? parsed.data.error.message : 'ok';
  };
  assert.equal(await reasonOf(await call(bench)), 'ok');
  assert.equal(await reasonOf(await call(bench)), 'the limit of tool read: at most 1 calls in 3600 s');
  assert.equal(await reasonOf(await call(bench, callOf('look'))), 'ok');
  bench.policy.publish(compilePolicy(testDocument({ tools, revision: 'r2' }, { limits: hour })));
  assert.equal(await reasonOf(await call(bench, callOf('look'))), 'ok');
  assert.equal(
    await reasonOf(await call(bench, callOf('look'))),
    'the limit of grant mcp-servers/g1: at most 1 calls in 3600 s',
  );
});

test('calls in progress beyond the limit are refused until one has ended', async () => {
  const held = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const answer: Answer = (_, response) => {
    arrived.resolve();
    void held.promise.then(() => sendJson(response, OK_RESULT));
  };
  await using bench = await startBench({ answer, document: limitedTo({ concurrency: 1 }) });
  const first = call(bench);
  await arrived.promise;
  assert.equal(Refused.parse(await (await call(bench)).json()).error.data.reason, 'concurrency_limited');
  held.resolve();
  assert.deepEqual(await (await first).json(), OK_RESULT);
  assert.deepEqual(await (await call(bench)).json(), OK_RESULT);
});

test('bytes of requests and of answers are limited', async () => {
  const clock = standingClock();
  const size = JSON.stringify(OK_RESULT).length;
  const document = limitedTo({ request_bytes: 1000, response_bytes: size });
  await using bench = await startBench({ answer: answersOk, document, options: { clock: clock.read } });
  const large = { ...callOf('read'), params: { name: 'read', arguments: { x: 'a'.repeat(2000) } } };
  assert.equal(Refused.parse(await (await call(bench, large)).json()).error.data.reason, 'volume_limited');
  assert.deepEqual(await (await call(bench)).json(), OK_RESULT);
  assert.equal(Refused.parse(await (await call(bench)).json()).error.data.reason, 'volume_limited');
});

test('observe mode lets calls through and records that a limit would have denied them', async () => {
  const policy = { ...testDocument().policy, mode: 'observe' };
  const document = limitedTo({ calls: 1, window_seconds: 3600 }, { policy });
  await using bench = await startBench({ answer: answersOk, document });
  for (let n = 0; n < 2; n++) assert.deepEqual(await (await call(bench)).json(), OK_RESULT);
  const would = bench.events.map(({ payload }) => [payload.decision, payload.would_decide, payload.would_reason]);
  assert.deepEqual(would, [
    ['allow', 'allow', 'allowed'],
    ['allow', 'deny', 'rate_limited'],
  ]);
});
