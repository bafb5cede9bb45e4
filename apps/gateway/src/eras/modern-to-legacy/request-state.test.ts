import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { startBench, testDocument } from '../../testing/bench.ts';
import { ALL, FORM, READ, type Waiting, askingServer, waitingCall } from '../../testing/asking-server.ts';
import { ALICE_AND_BOB, BOB, startLegacyBench } from '../../testing/legacy-bench.ts';
import { askAsModern } from '../../testing/modern-caller.ts';

const BAD_STATES = [
  [
    'changed by a byte',
    'not one that was given',
    (state: Waiting) => ({ params: { ...READ, ...state, requestState: flip(state) } }),
  ],
  ['missing', 'not one that was given', ({ inputResponses }: Waiting) => ({ params: { ...READ, inputResponses } })],
  ['of somebody else', 'not one that was given', (state: Waiting) => ({ params: { ...READ, ...state }, token: BOB })],
  [
    'with other arguments',
    'another request',
    (state: Waiting) => ({ params: { ...READ, arguments: { a: 2 }, ...state } }),
  ],
  ['with another tool', 'another request', (state: Waiting) => ({ params: { name: 'undeclared', ...state } })],
] as const;

function flip({ requestState }: Waiting): string {
  const at = requestState.length - 4;
  return `${requestState.slice(0, at)}${requestState[at] === 'A' ? 'B' : 'A'}${requestState.slice(at + 1)}`;
}

for (const [title, says, ask] of BAD_STATES) {
  test(`a state ${title} is refused, and the call goes on waiting`, async () => {
    const document = testDocument({
      ...ALICE_AND_BOB,
      tools: ['read', 'undeclared'].map((name) => ({ name, required_trust: 'low', side_effect: 'read' })),
    });
    const server = askingServer(FORM);
    await using bench = await startBench({ answer: server.answer, document, probes: 'seen' });
    const state = await waitingCall(bench);
    const refused = await askAsModern(bench, 'tools/call', { capabilities: ALL, ...ask(state) });
    assert.equal(refused.status, 200);
    assert.equal(refused.message.error?.code, -32602);
    assert.match(refused.message.error?.message ?? '', new RegExp(says));
    const right = await askAsModern(bench, 'tools/call', { params: { ...READ, ...state }, capabilities: ALL });
    assert.equal(right.message.result?.resultType, 'complete');
  });
}

test('a state is good for a time', async () => {
  let late = 0;
  await using bench = await startLegacyBench(askingServer(FORM), {
    clock: () => Date.now() + late,
    pooledLimits: { waitingCalls: { waitMs: 60_000 } },
  });
  const state = await waitingCall(bench);
  late = 61_000;
  const refused = await askAsModern(bench, 'tools/call', { params: { ...READ, ...state }, capabilities: ALL });
  assert.equal(refused.message.error?.code, -32602);
  assert.match(refused.message.error?.message ?? '', /the time to answer is over/);
});

test('a state is good once', async () => {
  await using bench = await startLegacyBench(askingServer(FORM));
  const state = await waitingCall(bench);
  await askAsModern(bench, 'tools/call', { params: { ...READ, ...state }, capabilities: ALL });
  const again = await askAsModern(bench, 'tools/call', { params: { ...READ, ...state }, capabilities: ALL });
  assert.match(again.message.error?.message ?? '', /send the request again without `requestState`/);
});

test('another replica knows the state, and that the call is not there', async () => {
  const sessionKeys = [randomBytes(32)];
  const server = askingServer(FORM);
  await using one = await startLegacyBench(server, { sessionKeys });
  await using other = await startLegacyBench(server, { sessionKeys });
  other.gateway.routes.set({
    path: '/files/mcp',
    key: { namespace: 'mcp-servers', name: 'files' },
    upstream: one.upstream.url,
    policy: other.policy,
    audit: { arguments: 'none', strict: false },
    eventSource: 'files-gateway',
  });
  const state = await waitingCall(one);
  const there = await askAsModern(other, 'tools/call', { params: { ...READ, ...state }, capabilities: ALL });
  assert.equal(there.message.error?.code, -32602);
  assert.match(there.message.error?.message ?? '', /is not here any more/);
});
