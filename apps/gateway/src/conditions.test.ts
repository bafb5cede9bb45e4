import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { type Bench, OK_RESULT, startBench, testDocument } from './testing/bench.ts';
import { type Answer, sendJson } from './testing/upstream.ts';

const ListAnswer = z.object({ result: z.object({ tools: z.array(z.object({ name: z.string() })) }) });
const ErrorAnswer = z.object({ error: z.object({ data: z.object({ reason: z.string() }) }) });

const answer: Answer = ({ body }, response) => {
  const tools = ['read', 'write'].map((name) => ({ name, inputSchema: { type: 'object' } }));
  sendJson(response, body.includes('tools/list') ? { jsonrpc: '2.0', id: 1, result: { tools } } : OK_RESULT);
};

const inPublic = { tool_rules: [{ name: 'read', condition: 'arguments.path.startsWith("/public/")' }] };

async function ask(bench: Bench, method: string, params: unknown): Promise<unknown> {
  const authorization = `Bearer ${await bench.token()}`;
  const response = await bench.post({ jsonrpc: '2.0', id: 1, method, params }, { authorization });
  return response.json();
}

test('the arguments of a call decide, and the recorded reason says so', async () => {
  await using bench = await startBench({ answer, document: testDocument({}, inPublic) });
  const call = (given: unknown): Promise<unknown> => ask(bench, 'tools/call', { name: 'read', arguments: given });
  assert.deepEqual(await call({ path: '/public/a' }), OK_RESULT);
  for (const given of [{ path: '/etc/passwd' }, { path: ['/public/'] }, {}, undefined, '/public/', ['/public/']]) {
    assert.equal(ErrorAnswer.parse(await call(given)).error.data.reason, 'condition_not_met');
  }
  assert.equal(bench.upstream.seen.length, 1);
  const reasons = new Set(bench.events.slice(1).map(({ payload }) => payload.reason));
  assert.deepEqual([...reasons], ['condition_not_met']);
});

test('a tool that some arguments may be used with is listed', async () => {
  await using bench = await startBench({ answer, document: testDocument({}, inPublic) });
  const { result } = ListAnswer.parse(await ask(bench, 'tools/list', {}));
  assert.deepEqual(
    result.tools.map(({ name }) => name),
    ['read'],
  );
});

test('observe mode lets a call through and records that its condition was not met', async () => {
  const policy = { mode: 'observe', enforce_on: 'all' };
  await using bench = await startBench({ answer, document: testDocument({ policy }, inPublic) });
  assert.deepEqual(await ask(bench, 'tools/call', { name: 'read', arguments: { path: '/etc' } }), OK_RESULT);
  const [event] = bench.events;
  assert.deepEqual([event?.payload.would_decide, event?.payload.would_reason], ['deny', 'condition_not_met']);
});
