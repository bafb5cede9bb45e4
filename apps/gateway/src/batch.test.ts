/** Batches of MCP 2025-03-26: every message on its own, and one answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { type Bench, callOf, startBench, testDocument } from './testing/bench.ts';
import { readEvents } from './testing/stream.ts';
import { type Answer, sendJson } from './testing/upstream.ts';

const ALICE = { 'x-mcp-human-id': 'alice', 'x-mcp-agent-id': 'agent' };
const document = testDocument({ auth: { mode: 'header' }, session: { required: false } });
const options = { trustHeadersFrom: ['127.0.0.0/8'] };
const NOTICE = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9 } };
const RESPONSE = { jsonrpc: '2.0', id: 4, result: {} };

const Request = z.looseObject({ id: z.union([z.string(), z.int()]).optional(), method: z.string().optional() });
const resultOf = (id: unknown): string => `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"n":1.0}}`;
const answers: Answer = ({ body }, response) => {
  const { id, method } = Request.parse(JSON.parse(body));
  if (id === undefined || method === undefined) response.writeHead(202).end();
  else sendJson(response, resultOf(id));
};

test('allowed calls go on singly as they were sent, a denied one has its own error, and every one is recorded', async () => {
  await using bench = await startBench({ answer: answers, document, options });
  const spelled = '{ "jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{"n":1e2}} }';
  const response = await bench.post(
    `[${spelled}, ${JSON.stringify(NOTICE)},${JSON.stringify(callOf('write', 'w'))}]`,
    ALICE,
  );
  assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'application/json']);
  const text = await response.text();
  assert.ok(text.includes(resultOf(1)), text);
  const Answers = z.array(
    z.looseObject({ id: z.union([z.string(), z.int()]), error: z.looseObject({ code: z.int() }).optional() }),
  );
  const byId = new Map(Answers.parse(JSON.parse(text)).map(({ id, error }) => [id, error?.code]));
  assert.deepEqual(
    byId,
    new Map<string | number, number | undefined>([
      ['w', 40304],
      [1, undefined],
    ]),
  );
  assert.deepEqual(
    bench.upstream.seen.map(({ body }) => body).toSorted(),
    [JSON.stringify(NOTICE), spelled].toSorted(),
  );
  const recorded = bench.events.map(({ payload }) => `${payload.rpc_method} ${payload.decision}`);
  assert.deepEqual(recorded.toSorted(), ['notifications/cancelled allow', 'tools/call allow', 'tools/call deny']);
});

test('lists in a batch are filtered', async () => {
  const listed = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"write"},{"name":"read"}]}}';
  await using bench = await startBench({ answer: (_, response) => sendJson(response, listed), document, options });
  const response = await bench.post([{ jsonrpc: '2.0', id: 1, method: 'tools/list' }], ALICE);
  assert.equal(await response.text(), '[{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read"}]}}]');
});

test('notifications and responses are taken without an answer', async () => {
  await using bench = await startBench({ answer: answers, document, options });
  for (const batch of [[NOTICE, NOTICE], [RESPONSE]]) {
    const response = await bench.post(batch, ALICE);
    assert.deepEqual([response.status, await response.text()], [202, '']);
  }
  assert.equal(bench.upstream.seen.length, 3);
});

test('one stream among the answers makes the whole a stream, with what comes before the responses', async () => {
  const question = '{"jsonrpc":"2.0","id":7,"method":"roots/list"}';
  const answered = Promise.withResolvers<void>();
  const answer: Answer = (seen, response, request) => {
    const { id, method } = Request.parse(JSON.parse(seen.body));
    if (method === undefined) answered.resolve();
    if (id !== 'streams') return answers(seen, response, request);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${question}\n\n`);
    // The client has to hear of the question before the batch is answered.
    void answered.promise.then(() => response.end(`data: ${resultOf(id)}\n\n`));
  };
  await using bench = await startBench({ answer, document, options });
  const response = await bench.post([callOf('read', 'streams'), callOf('read', 2), callOf('write', 3)], ALICE);
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  const events = readEvents(response);
  const found: (string | undefined)[] = [];
  while (!found.includes(question)) found.push(await events.next());
  assert.equal((await bench.post([{ jsonrpc: '2.0', id: 7, result: { roots: [] } }], ALICE)).status, 202);
  for (let event = await events.next(); event !== undefined; event = await events.next()) found.push(event);
  assert.equal(found.length, 4);
  assert.ok(found.includes(resultOf('streams')) && found.includes(resultOf(2)));
  assert.ok(found.some((event) => event?.includes('side_effect_not_allowed') === true));
});

test('who is nobody gets one answer for the whole', async () => {
  await using bench = await startBench({ answer: answers, document, options });
  const response = await bench.post([callOf('read')]);
  assert.equal(response.status, 401);
  assert.equal(bench.upstream.seen.length, 0);
  assert.equal(bench.events.length, 1);
});

const REFUSED: readonly (readonly [title: string, body: unknown, headers: Readonly<Record<string, string>>])[] = [
  ['of a revision without batches', [callOf('read')], { 'mcp-protocol-version': '2025-11-25' }],
  ['of MCP 2026-07-28', [callOf('read')], { 'mcp-protocol-version': '2026-07-28' }],
  ['with an initialize', [{ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }], {}],
  ['that is empty', [], {}],
];

for (const [title, body, headers] of REFUSED) {
  test(`a batch ${title} is refused whole`, async () => {
    await using bench = await startBench({ answer: answers, document, options });
    const response = await bench.post(body, { ...headers, ...ALICE });
    const Refused = z.object({ error: z.looseObject({ code: z.int() }) });
    assert.deepEqual([response.status, Refused.parse(await response.json()).error.code], [400, -32600]);
    assert.deepEqual([bench.upstream.seen.length, decisions(bench)], [0, ['deny']]);
  });
}

function decisions({ events }: Bench): readonly string[] {
  return events.map(({ payload }) => payload.decision);
}
