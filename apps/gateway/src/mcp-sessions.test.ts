import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { type GatewayOptions } from './options.ts';
import { OK_RESULT, callOf, startBench, testDocument } from './testing/bench.ts';
import { bearer, errorOf } from './testing/caller.ts';
import { type Answer, sendJson } from './testing/upstream.ts';

test('an MCP session of somebody else is answered like one that does not exist', async () => {
  const sessions = ['alice', 'bob'].map((human, index) => ({
    name: `s${index + 1}`,
    namespace: 'mcp-servers',
    human_id: human,
    consented_trust: 'high' as const,
  }));
  const grants = [
    {
      name: 'g',
      namespace: 'mcp-servers',
      agent_id: 'agent',
      max_trust: 'high' as const,
      allowed_side_effects: ['read' as const],
    },
  ];
  const answer: Answer = (_, response) => sendJson(response, OK_RESULT, { 'mcp-session-id': 'abc' });
  await using bench = await startBench({ answer, document: testDocument({ sessions, grants }) });
  const alice = await bearer(bench);
  const bob = await bearer(bench, { sub: 'bob', sid: 's2' });
  const opened = await bench.post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }, alice);
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
  assert.notEqual(session['mcp-session-id'], 'abc');
  assert.equal((await bench.post(callOf('read'), { ...alice, ...session })).status, 200);
  assert.equal(bench.upstream.seen.at(-1)?.headers['mcp-session-id'], 'abc');
  const foreign = await bench.post(callOf('read'), { ...bob, ...session });
  const unknown = await bench.post(callOf('read'), { ...bob, 'mcp-session-id': 'zzz' });
  assert.deepEqual([foreign.status, unknown.status], [404, 404]);
  const [one, other] = [await errorOf(foreign), await errorOf(unknown)];
  assert.deepEqual({ ...one, requestId: '' }, { ...other, requestId: '' });
});

test('any replica with the same key serves an MCP session, and one with another key does not', async () => {
  const answer: Answer = (_, response) => sendJson(response, OK_RESULT, { 'mcp-session-id': 'abc' });
  const sessionKeys = [randomBytes(32)];
  await using first = await startBench({ answer, document: testDocument(), options: { sessionKeys } });
  const [route] = first.gateway.routes.all();
  assert.ok(route);
  const opened = await first.post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }, await bearer(first));
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
  const callThrough = async (options: Partial<GatewayOptions>): Promise<number> => {
    await using replica = await startBench({ answer, document: testDocument(), options });
    replica.gateway.routes.set(route);
    const headers = { ...(await bearer(replica)), ...session };
    return (await replica.post(callOf('read'), headers)).status;
  };
  assert.equal(await callThrough({ sessionKeys: [randomBytes(32), ...sessionKeys] }), 200);
  assert.equal(await callThrough({ sessionKeys: [randomBytes(32)] }), 404);
});
