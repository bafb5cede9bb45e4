import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '@mcp-runtime/policy';
import { ALL, FORM, READ, ROOTS, answered, answersTo, askingServer, waitingCall } from '../../testing/asking-server.ts';
import { ALICE_AND_BOB, startLegacyBench } from '../../testing/legacy-bench.ts';
import { type Turn, scriptLegacyServer } from '../../testing/legacy-server.ts';
import { askAsModern } from '../../testing/modern-caller.ts';

test('a call that nobody comes back to is called off', async () => {
  const server = askingServer(FORM);
  await using bench = await startLegacyBench(server, { pooledLimits: { waitingCalls: { waitMs: 20 } } });
  const state = await waitingCall(bench);
  const answer = await server.until(({ method }) => method === 'response');
  assert.deepEqual(answer.message.result, { action: 'cancel' });
  await server.until(({ method }) => method === 'notifications/cancelled');
  const late = await askAsModern(bench, 'tools/call', { params: { ...READ, ...state }, capabilities: ALL });
  assert.equal(late.message.error?.code, -32602);
});

test('a call that waits is called off when its caller may not make it any more', async () => {
  const server = askingServer(FORM);
  await using bench = await startLegacyBench(server);
  await waitingCall(bench);
  const sessions = (ALICE_AND_BOB.sessions ?? []).map((session) => ({ ...session, revoked: session.name === 's1' }));
  bench.policy.publish(compilePolicy({ ...ALICE_AND_BOB, sessions }));
  const cancelled = await server.until(({ method }) => method === 'notifications/cancelled');
  assert.match(String(cancelled.message.params?.['reason']), /revoked/);
});

test('more waiting calls than allowed are not begun: the server is told', async () => {
  const server = askingServer(FORM);
  await using bench = await startLegacyBench(server, { pooledLimits: { waitingCalls: { maxPerPrincipal: 1 } } });
  await waitingCall(bench);
  const second = await askAsModern(bench, 'tools/call', { params: READ, capabilities: ALL });
  assert.equal(second.message.result?.resultType, 'complete');
  assert.match(JSON.stringify(answered(second)), /too many questions wait/);
});

test('a question on the stream of no request belongs to the only one that can take it', async () => {
  const server = scriptLegacyServer({
    on: {
      'tools/call': (_, turn) => {
        turn.events();
        server.push(JSON.stringify({ jsonrpc: '2.0', id: 'g', ...FORM }));
        void answersTo(server, 1).then((answers) =>
          turn.endWith(`{"content":[],"answers":${JSON.stringify(answers)}}`),
        );
      },
    },
  });
  await using bench = await startLegacyBench(server);
  const state = await waitingCall(bench);
  const second = await askAsModern(bench, 'tools/call', { params: { ...READ, ...state }, capabilities: ALL });
  assert.deepEqual(answered(second), [{ jsonrpc: '2.0', id: 'g', result: { action: 'decline' } }]);
});

test('a question that belongs to no request, or to any of two, is refused to the server', async () => {
  const open: Turn[] = [];
  const server = scriptLegacyServer({ on: { 'tools/call': (_, turn) => void open.push(turn) } });
  await using bench = await startLegacyBench(server);
  const asked = [1, 2].map((id) => askAsModern(bench, 'tools/call', { id, params: READ, capabilities: ALL }));
  await server.until(() => open.length === 2);
  server.push(JSON.stringify({ jsonrpc: '2.0', id: 'two', ...FORM }));
  const ofTwo = await server.until(({ method }) => method === 'response');
  assert.equal(ofTwo.message.error?.code, -32601);
  for (const turn of open) turn.result('{"content":[]}');
  await Promise.all(asked);
  server.push(JSON.stringify({ jsonrpc: '2.0', id: 'none', ...FORM }));
  const ofNone = await server.until(({ text }) => text.includes('"none"'));
  assert.equal(ofNone.message.error?.code, -32601);
});

test('a question that comes while the caller is away is asked when it is back', async () => {
  const server = scriptLegacyServer({
    on: {
      'tools/call': (_, turn) => {
        turn.events(JSON.stringify({ jsonrpc: '2.0', id: 'first', ...FORM }));
        // The answer to its `ping` is one, too.
        void answersTo(server, 3).then((answers) =>
          turn.endWith(`{"content":[],"answers":${JSON.stringify(answers)}}`),
        );
      },
    },
  });
  await using bench = await startLegacyBench(server);
  const state = await waitingCall(bench);
  server.push(JSON.stringify({ jsonrpc: '2.0', id: 'second', ...ROOTS }));
  // What the gateway answers on that stream has it read the question before.
  server.push('{"jsonrpc":"2.0","id":"after","method":"ping"}');
  await server.until(({ text }) => text.includes('"after"'));
  const second = await askAsModern(bench, 'tools/call', { params: { ...READ, ...state }, capabilities: ALL });
  const { inputRequests = {}, requestState } = second.message.result ?? {};
  const [key = ''] = Object.keys(inputRequests);
  assert.equal(inputRequests[key]?.method, 'roots/list');
  const params = { ...READ, requestState, inputResponses: { [key]: { roots: [] } } };
  const third = await askAsModern(bench, 'tools/call', { params, capabilities: ALL });
  assert.equal(answered(third).filter((one) => JSON.stringify(one).includes('"roots"')).length, 1);
});

test('a server that goes on while the caller is away is held back', async () => {
  const chunk = JSON.stringify({
    jsonrpc: '2.0',
    method: 'notifications/x',
    params: { fill: 'x'.repeat(1024 * 1024) },
  });
  const state = { hasDrained: false };
  const server = scriptLegacyServer({
    on: {
      'tools/call': (_, turn) => {
        turn.events(JSON.stringify({ jsonrpc: '2.0', id: 'q', ...FORM }));
        void server
          .until(({ method }) => method === 'tools/list')
          .then(() => {
            turn.response.once('drain', () => (state.hasDrained = true));
            turn.events(...Array.from({ length: 64 }, () => chunk));
          });
        void answersTo(server, 1).then(() => turn.endWith('{"content":[]}'));
      },
      'tools/list': (_, turn) => turn.result('{"tools":[]}'),
      'prompts/list': (_, turn) => turn.result('{"prompts":[]}'),
    },
  });
  await using bench = await startLegacyBench(server);
  const waiting = await waitingCall(bench);
  await askAsModern(bench, 'tools/list', { capabilities: ALL });
  for (let i = 0; i < 20; i += 1) await askAsModern(bench, 'prompts/list', { capabilities: ALL });
  assert.equal(state.hasDrained, false);
  const end = await askAsModern(bench, 'tools/call', { params: { ...READ, ...waiting }, capabilities: ALL });
  assert.equal(end.message.result?.resultType, 'complete');
});
