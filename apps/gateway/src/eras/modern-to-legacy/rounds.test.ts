import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { compilePolicy } from '@mcp-runtime/policy';
import { type GatewayOptions } from '../../gateway.ts';
import { type Bench, startBench, testDocument } from '../../testing/bench.ts';
import { type LegacyServer, type Said, type Turn, scriptLegacyServer } from '../../testing/legacy-server.ts';
import { type ModernEnd, askAsModern } from '../../testing/modern-caller.ts';

const ALICE_AND_BOB = testDocument({
  grants: ['alice', 'bob'].map((human_id) => ({
    name: human_id,
    namespace: 'mcp-servers',
    human_id,
    agent_id: 'agent',
    max_trust: 'high',
    allowed_side_effects: ['read'],
  })),
  sessions: ['alice', 'bob'].map((human_id, index) => ({
    name: `s${index + 1}`,
    namespace: 'mcp-servers',
    human_id,
    agent_id: 'agent',
    consented_trust: 'high',
  })),
});
const BOB = { sub: 'bob', sid: 's2' } as const;

function benchFor(server: LegacyServer, options: Partial<GatewayOptions> = {}): Promise<Bench> {
  return startBench({ answer: server.answer, document: ALICE_AND_BOB, probes: 'seen', options });
}

const READ = { name: 'read', arguments: { a: 1 } } as const;
const ALL = { sampling: { tools: {} }, elicitation: { form: {}, url: {} }, roots: {} } as const;

/** Asks those things during a call, and ends it with what was answered, as texts, once all are. */
function asking(...questions: readonly { readonly method: string; readonly params?: object }[]): LegacyServer {
  const open: { turn?: Turn } = {};
  const server = scriptLegacyServer({
    capabilities: { tools: {}, prompts: {}, resources: {} },
    on: Object.fromEntries(
      ['tools/call', 'prompts/get', 'resources/read'].map((method) => [
        method,
        (_: Said, turn: Turn) => {
          open.turn = turn;
          turn.events(...questions.map((one, index) => JSON.stringify({ jsonrpc: '2.0', id: 900 + index, ...one })));
          void answersTo(server, questions.length).then((answers) =>
            turn.endWith(`{"content":[],"answers":${JSON.stringify(answers)}}`),
          );
        },
      ]),
    ),
  });
  return server;
}

async function answersTo(server: LegacyServer, count: number): Promise<readonly string[]> {
  const answers = (): readonly Said[] => server.said.filter(({ method }) => method === 'response');
  await server.until(() => answers().length === count);
  return answers().map(({ text }) => text);
}

function answered({ message }: ModernEnd): readonly unknown[] {
  const answers = message.result?.['answers'];
  return Array.isArray(answers) ? answers.map((text) => JSON.parse(String(text))) : [];
}

const FORM = {
  method: 'elicitation/create',
  params: { message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
} as const;
const URL_QUESTION = {
  method: 'elicitation/create',
  params: { mode: 'url', message: 'Open', url: 'https://example.com/', elicitationId: 'e1' },
} as const;
const SAMPLING = { method: 'sampling/createMessage', params: { messages: [], maxTokens: 5 } } as const;
const ROOTS = { method: 'roots/list' } as const;

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
    const server = asking(question);
    await using bench = await benchFor(server);
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
    await using bench = await benchFor(asking(FORM));
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
  await using bench = await benchFor(asking(FORM, ROOTS));
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
  await using bench = await benchFor(asking(FORM));
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
  await using bench = await benchFor(server);
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
    await using bench = await benchFor(asking(question));
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
  await using bench = await benchFor(asking({ method: 'ping' }));
  const end = await askAsModern(bench, 'tools/call', { params: READ });
  assert.deepEqual(answered(end), [{ jsonrpc: '2.0', id: 900, result: {} }]);
});

interface Waiting {
  readonly requestState: string;
  readonly inputResponses: Readonly<Record<string, object>>;
}

async function waitingCall(bench: Bench): Promise<Waiting> {
  const first = await askAsModern(bench, 'tools/call', { params: READ, capabilities: ALL });
  const { inputRequests = {}, requestState = '' } = first.message.result ?? {};
  return { requestState, inputResponses: { [Object.keys(inputRequests)[0] ?? '']: { action: 'decline' } } };
}

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
    const server = asking(FORM);
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
  await using bench = await benchFor(asking(FORM), {
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
  await using bench = await benchFor(asking(FORM));
  const state = await waitingCall(bench);
  await askAsModern(bench, 'tools/call', { params: { ...READ, ...state }, capabilities: ALL });
  const again = await askAsModern(bench, 'tools/call', { params: { ...READ, ...state }, capabilities: ALL });
  assert.match(again.message.error?.message ?? '', /send the request again without `requestState`/);
});

test('another replica knows the state, and that the call is not there', async () => {
  const sessionKeys = [randomBytes(32)];
  const server = asking(FORM);
  await using one = await benchFor(server, { sessionKeys });
  await using other = await benchFor(server, { sessionKeys });
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

test('a call that nobody comes back to is called off', async () => {
  const server = asking(FORM);
  await using bench = await benchFor(server, { pooledLimits: { waitingCalls: { waitMs: 20 } } });
  const state = await waitingCall(bench);
  const answer = await server.until(({ method }) => method === 'response');
  assert.deepEqual(answer.message.result, { action: 'cancel' });
  await server.until(({ method }) => method === 'notifications/cancelled');
  const late = await askAsModern(bench, 'tools/call', { params: { ...READ, ...state }, capabilities: ALL });
  assert.equal(late.message.error?.code, -32602);
});

test('a call that waits is called off when its caller may not make it any more', async () => {
  const server = asking(FORM);
  await using bench = await benchFor(server);
  await waitingCall(bench);
  const sessions = (ALICE_AND_BOB.sessions ?? []).map((session) => ({ ...session, revoked: session.name === 's1' }));
  bench.policy.publish(compilePolicy({ ...ALICE_AND_BOB, sessions }));
  const cancelled = await server.until(({ method }) => method === 'notifications/cancelled');
  assert.match(String(cancelled.message.params?.['reason']), /revoked/);
});

test('more waiting calls than allowed are not begun: the server is told', async () => {
  const server = asking(FORM);
  await using bench = await benchFor(server, { pooledLimits: { waitingCalls: { maxPerPrincipal: 1 } } });
  await waitingCall(bench);
  const second = await askAsModern(bench, 'tools/call', { params: READ, capabilities: ALL });
  assert.equal(second.message.result?.resultType, 'complete');
  assert.match(JSON.stringify(answered(second)), /too many questions wait/);
});

const URLS = {
  elicitations: [{ mode: 'url', url: 'https://example.com/login', message: 'Log in', elicitationId: 'e' }],
};

/** Wants a URL to be opened before its first answer. */
function wantingUrl(): LegacyServer {
  let calls = 0;
  return scriptLegacyServer({
    on: {
      'tools/call': (_, turn) => {
        calls += 1;
        if (calls === 1) turn.error(-32042, 'log in first', URLS);
        else turn.result('{"content":[]}');
      },
    },
  });
}

test('URLs that have to be opened first come as questions; then the call is made again', async () => {
  await using bench = await benchFor(wantingUrl());
  const first = await askAsModern(bench, 'tools/call', { params: READ, capabilities: ALL });
  const { inputRequests, requestState } = first.message.result ?? {};
  assert.deepEqual(inputRequests, {
    'url-1': {
      method: 'elicitation/create',
      params: { mode: 'url', url: 'https://example.com/login', message: 'Log in' },
    },
  });
  const inputResponses = { 'url-1': { action: 'accept' } };
  const second = await askAsModern(bench, 'tools/call', {
    params: { ...READ, requestState, inputResponses },
    capabilities: ALL,
  });
  assert.equal(second.message.result?.resultType, 'complete');
});

test('URLs that the user does not open end the request', async () => {
  const server = wantingUrl();
  await using bench = await benchFor(server);
  const first = await askAsModern(bench, 'tools/call', { params: READ, capabilities: ALL });
  const { requestState } = first.message.result ?? {};
  const inputResponses = { 'url-1': { action: 'decline' } };
  const second = await askAsModern(bench, 'tools/call', {
    params: { ...READ, requestState, inputResponses },
    capabilities: ALL,
  });
  assert.match(second.message.error?.message ?? '', /only after its URLs were opened/);
  assert.equal(server.said.filter(({ method }) => method === 'tools/call').length, 1);
});

test('a client that cannot open URLs is told which capability it lacks', async () => {
  await using bench = await benchFor(wantingUrl());
  const { status, message } = await askAsModern(bench, 'tools/call', {
    params: READ,
    capabilities: { elicitation: {} },
  });
  assert.equal(status, 400);
  assert.equal(message.error?.code, -32021);
  assert.deepEqual(message.error?.data?.['requiredCapabilities'], { elicitation: { url: {} } });
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
  await using bench = await benchFor(server);
  const state = await waitingCall(bench);
  const second = await askAsModern(bench, 'tools/call', { params: { ...READ, ...state }, capabilities: ALL });
  assert.deepEqual(answered(second), [{ jsonrpc: '2.0', id: 'g', result: { action: 'decline' } }]);
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
  await using bench = await benchFor(server);
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
  await using bench = await benchFor(server);
  const waiting = await waitingCall(bench);
  await askAsModern(bench, 'tools/list', { capabilities: ALL });
  for (let i = 0; i < 20; i += 1) await askAsModern(bench, 'prompts/list', { capabilities: ALL });
  assert.equal(state.hasDrained, false);
  const end = await askAsModern(bench, 'tools/call', { params: { ...READ, ...waiting }, capabilities: ALL });
  assert.equal(end.message.result?.resultType, 'complete');
});

test('a question that belongs to no request, or to any of two, is refused to the server', async () => {
  const open: Turn[] = [];
  const server = scriptLegacyServer({ on: { 'tools/call': (_, turn) => void open.push(turn) } });
  await using bench = await benchFor(server);
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
