import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { type Bench, startBench, testDocument } from '../../testing/bench.ts';
import { ALL, DONE, asking, readCall, resultOf, toolText } from '../../testing/bridged-bench.ts';
import { type Heard, hear } from '../../testing/legacy-client.ts';
import { modernOnly } from '../../testing/modern-upstream.ts';

const document = testDocument({ auth: { mode: 'header' }, session: { required: false } });
const options = { sessionKeys: [randomBytes(32)], trustHeadersFrom: ['127.0.0.0/8'] };
const ALICE = { 'x-mcp-human-id': 'alice', 'x-mcp-agent-id': 'agent' };
const FORM = { method: 'elicitation/create', params: { message: 'Name?', requestedSchema: { type: 'object' } } };

/** ADR 0013: what is in the id is served by every replica; what is beside it by the one that has it. */
test('another replica serves a session, and says that it knows nothing of the questions of the first', async () => {
  const answer = modernOnly({ 'tools/call': asking({ name: FORM }) });
  await using first = await startBench({ answer, document, options, probes: 'seen' });
  await using second = await startBench({ answer, document, options, probes: 'seen' });
  const [route] = second.gateway.routes.all();
  assert.ok(route !== undefined);
  second.gateway.routes.set({ ...route, upstream: first.upstream.url });

  const params = { protocolVersion: '2025-11-25', capabilities: ALL };
  const opened = await first.post({ jsonrpc: '2.0', id: 0, method: 'initialize', params }, ALICE);
  await opened.text();
  const session = { ...ALICE, 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
  const send = async (bench: Bench, message: object): Promise<Heard> => hear(await bench.post(message, session));

  await using listed = await send(second, { jsonrpc: '2.0', id: 1, method: 'tools/list' });
  assert.deepEqual(resultOf(await listed.next()), { tools: [] });
  await using heard = await send(first, readCall());
  const question = await heard.next();
  const given = { jsonrpc: '2.0', id: question?.['id'], result: { action: 'accept' } };
  await using elsewhere = await send(second, given);
  assert.equal(elsewhere.status, 400);
  await using taken = await send(first, given);
  assert.equal(taken.status, 202);
  assert.equal(toolText(await heard.next()), toolText({ result: DONE }));
});
