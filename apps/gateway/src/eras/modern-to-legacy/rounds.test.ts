import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '@mcp-runtime/policy';
import {
  ALL,
  FORM,
  READ,
  ROOTS,
  SAMPLING,
  URL_QUESTION,
  answered,
  answersTo,
  askingServer,
} from '../../testing/asking-server.ts';
import { ALICE_AND_BOB, startLegacyBench } from '../../testing/legacy-bench.ts';
import { scriptLegacyServer } from '../../testing/legacy-server.ts';
import { askAsModern } from '../../testing/modern-caller.ts';

const QUESTIONS = [
  ['a form', FORM, FORM, { action: 'accept', content: { name: 'Alice' } }],
  ['a form that is declined', FORM, FORM, { action: 'decline' }],
  [
    'a URL',
    URL_QUESTION,
    { ...URL_QUESTION, params: { mode: 'url', message: 'Open', url: 'https://example.com/' } },
    { action: 'accept' },
  ],
  ['sampling', SAMPLING, SAMPLING, { role: 'assistant', model: 'm', content: { type: 'text', text: 'x' } }],
  ['roots', ROOTS, ROOTS, { roots: [{ uri: 'file:///home' }] }],
] as const;

for (const [title, question, shown, response] of QUESTIONS) {
  test(`${title} comes as a round, and its answer goes to the server`, async () => {
    const server = askingServer(question);
    await using bench = await startLegacyBench(server);
    const first = await askAsModern(bench, 'tools/call', { params: READ, capabilities: ALL });
    const { resultType, inputRequests = {}, requestState } = first.message.result ?? {};
    assert.equal(resultType, 'input_required');
    const [key = ''] = Object.keys(inputRequests);
    assert.deepEqual(inputRequests, { [key]: shown });
    const params = { ...READ, requestState, inputResponses: { [key]: response } };
    const second = await askAsModern(bench, 'tools/call', { id: 2, params, capabilities: ALL });
    assert.equal(second.message.id, 2);
    assert.equal(second.message.result?.resultType, 'complete');
    assert.deepEqual(answered(second), [{ jsonrpc: '2.0', id: 900, result: response }]);
    assert.equal(server.said.filter(({ method }) => method === 'tools/call').length, 1);
  });
}

for (const [method, params] of [
  ['prompts/get', { name: 'p' }],
  ['resources/read', { uri: 'file:///a' }],
] as const) {
  test(`${method} can ask as well`, async () => {
    await using bench = await startLegacyBench(askingServer(FORM));
    const first = await askAsModern(bench, method, { params, capabilities: ALL });
    const { inputRequests = {}, requestState } = first.message.result ?? {};
    const inputResponses = { [Object.keys(inputRequests)[0] ?? '']: { action: 'cancel' } };
    const second = await askAsModern(bench, method, {
      params: { ...params, requestState, inputResponses },
      capabilities: ALL,
    });
    assert.equal(second.message.result?.resultType, 'complete');
  });
}

test('questions that come together are asked together; one that is left out is asked again', async () => {
  await using bench = await startLegacyBench(askingServer(FORM, ROOTS));
  const first = await askAsModern(bench, 'tools/call', { params: READ, capabilities: ALL });
  const [form = '', roots = ''] = Object.keys(first.message.result?.inputRequests ?? {});
  const second = await askAsModern(bench, 'tools/call', {
    params: {
      ...READ,
      requestState: first.message.result?.requestState,
      inputResponses: { [form]: { action: 'decline' } },
    },
    capabilities: ALL,
  });
  assert.deepEqual(Object.keys(second.message.result?.inputRequests ?? {}), [roots]);
  const third = await askAsModern(bench, 'tools/call', {
    params: { ...READ, requestState: second.message.result?.requestState, inputResponses: { [roots]: { roots: [] } } },
    capabilities: ALL,
  });
  assert.equal(answered(third).length, 2);
});

test('each round is decided and recorded', async () => {
  await using bench = await startLegacyBench(askingServer(FORM));
  const first = await askAsModern(bench, 'tools/call', { params: READ, capabilities: ALL });
  const { inputRequests = {}, requestState } = first.message.result ?? {};
  const inputResponses = { [Object.keys(inputRequests)[0] ?? '']: { action: 'accept', content: {} } };
  const sessions = (ALICE_AND_BOB.sessions ?? []).map((session) => ({ ...session, revoked: true }));
  bench.policy.publish(compilePolicy({ ...ALICE_AND_BOB, sessions }));
  const denied = await askAsModern(bench, 'tools/call', {
    params: { ...READ, requestState, inputResponses },
    capabilities: ALL,
  });
  assert.equal(denied.message.error?.data?.['reason'], 'session_revoked');
  assert.deepEqual(
    bench.events.map(({ payload }) => [payload.rpc_method, payload.decision]),
    [
      ['tools/call', 'allow'],
      ['tools/call', 'deny'],
    ],
  );
});

test('what the server says between two rounds is not lost', async () => {
  const progress = (token: unknown, value: number): string =>
    JSON.stringify({
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: token, progress: value },
    });
  const server = scriptLegacyServer({
    on: {
      'tools/call': ({ message }, turn) => {
        const question = JSON.stringify({ jsonrpc: '2.0', id: 'q', ...FORM });
        turn.events(progress(message.id, 1), question, progress(message.id, 2));
        void answersTo(server, 1).then(() => turn.endWith('{"content":[]}'));
      },
    },
  });
  await using bench = await startLegacyBench(server);
  const first = await askAsModern(bench, 'tools/call', {
    params: READ,
    capabilities: ALL,
    meta: { progressToken: 'a' },
  });
  const { inputRequests = {}, requestState } = first.message.result ?? {};
  const inputResponses = { [Object.keys(inputRequests)[0] ?? '']: { action: 'accept', content: {} } };
  const params = { ...READ, requestState, inputResponses };
  const second = await askAsModern(bench, 'tools/call', { params, capabilities: ALL, meta: { progressToken: 'b' } });
  const seen = [...first.before, ...second.before].map(
    (one) => `${String(one.params?.['progressToken'])} ${String(one.params?.['progress'])}`,
  );
  assert.ok(seen.includes('a 1'));
  assert.ok(seen.includes('b 2') || seen.includes('a 2'));
});

const UNDECLARED = [
  ['sampling', SAMPLING, { elicitation: {} }],
  ['sampling with tools', { ...SAMPLING, params: { ...SAMPLING.params, tools: [] } }, { sampling: {} }],
  ['a URL', URL_QUESTION, { elicitation: {} }],
  ['a form', FORM, { elicitation: { url: {} } }],
  ['roots', ROOTS, { sampling: {} }],
  ['something that is no question of MCP', { method: 'own/question' }, ALL],
] as const;

for (const [title, question, capabilities] of UNDECLARED) {
  test(`${title} is refused to the server where the client cannot be asked`, async () => {
    await using bench = await startLegacyBench(askingServer(question));
    const end = await askAsModern(bench, 'tools/call', { params: READ, capabilities });
    assert.equal(end.message.result?.resultType, 'complete');
    const [refused] = answered(end);
    assert.deepEqual(refused, {
      jsonrpc: '2.0',
      id: 900,
      error: { code: -32601, message: 'the client cannot be asked this' },
    });
  });
}

test('a `ping` of the server is answered', async () => {
  await using bench = await startLegacyBench(askingServer({ method: 'ping' }));
  const end = await askAsModern(bench, 'tools/call', { params: READ });
  assert.deepEqual(answered(end), [{ jsonrpc: '2.0', id: 900, result: {} }]);
});
