import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALL, DONE, asking, errorOf, readCall, resultOf, startBridged, toolText } from '../../testing/bridged-bench.ts';
import { connectLegacy, membersOf } from '../../testing/legacy-client.ts';
import { type ModernServe, sendError, sendResult } from '../../testing/modern-upstream.ts';

const FORM = { method: 'elicitation/create', params: { message: 'Name?', requestedSchema: { type: 'object' } } };

test('what a server needs from the user is asked on the stream, and goes back with the exact state', async () => {
  const state = 'a"\\u00e9 state';
  await using started = await startBridged(
    { 'tools/call': asking({ name: FORM, where: { method: 'roots/list' } }, state) },
    { capabilities: ALL },
  );
  const { client, bench } = started;
  await using heard = await client.send(readCall(7));
  const first = await heard.next();
  const second = await heard.next();
  assert.equal(first?.['method'], 'elicitation/create');
  assert.deepEqual(first['params'], FORM.params);
  assert.equal(second?.['method'], 'roots/list');
  const accepted = { jsonrpc: '2.0', id: first['id'], result: { action: 'accept', content: { n: 1 } } };
  await using taken = await client.send(accepted);
  assert.equal(taken.status, 202);
  await using again = await client.send(accepted);
  assert.equal(again.status, 400, 'a question is answered once');
  await using roots = await client.send({ jsonrpc: '2.0', id: second['id'], result: { roots: [] } });
  assert.equal(roots.status, 202);
  const answer = await heard.next();
  assert.equal(answer?.['id'], 7);
  assert.deepEqual(resultOf(answer)['inputResponses'], {
    name: { action: 'accept', content: { n: 1 } },
    where: { roots: [] },
  });
  const retry = membersOf(JSON.parse(bench.upstream.seen.at(-1)?.body ?? ''));
  assert.notEqual(retry['id'], 7);
  assert.equal(membersOf(retry['params'])['requestState'], state);
});

test('a prompt and a resource may ask, too', async () => {
  await using started = await startBridged(
    { 'prompts/get': asking({ name: FORM }), 'resources/read': asking({ name: FORM }) },
    { capabilities: ALL },
  );
  const { client } = started;
  for (const [method, params] of [
    ['prompts/get', { name: 'p' }],
    ['resources/read', { uri: 'file:///a' }],
  ] as const) {
    await using heard = await client.send({ jsonrpc: '2.0', id: method, method, params });
    const question = await heard.next();
    assert.equal(question?.['method'], 'elicitation/create', JSON.stringify(question));
    await client.send({ jsonrpc: '2.0', id: question['id'], result: { action: 'decline' } });
    assert.deepEqual(resultOf(await heard.next())['inputResponses'], { name: { action: 'decline' } });
  }
});

test('an answer is taken from the session that was asked, and from no other', async () => {
  await using started = await startBridged({ 'tools/call': asking({ name: FORM }) }, { capabilities: ALL });
  const { client, bench } = started;
  const other = await connectLegacy(bench, { capabilities: ALL });
  await using heard = await client.send(readCall());
  const question = await heard.next();
  const answer = { jsonrpc: '2.0', id: question?.['id'], result: { action: 'cancel' } };
  await using foreign = await other.send(answer);
  assert.equal(foreign.status, 400);
  await using own = await client.send(answer);
  assert.equal(own.status, 202);
  assert.deepEqual(resultOf(await heard.next())['inputResponses'], { name: { action: 'cancel' } });
});

const LACKING: readonly (readonly [string, object, object, string, string])[] = [
  ['elicitation', {}, FORM, '2025-11-25', 'elicitation'],
  ['elicitation in a revision without it', { elicitation: {} }, FORM, '2025-03-26', 'elicitation'],
  ['elicitation by URL', { elicitation: {} }, urlForm(), '2025-11-25', 'elicitation by URL'],
  [
    'elicitation by URL in a revision without it',
    { elicitation: { url: {} } },
    urlForm(),
    '2025-06-18',
    'elicitation by URL',
  ],
  ['forms, where only URLs are taken', { elicitation: { url: {} } }, FORM, '2025-11-25', 'elicitation'],
  ['sampling', { elicitation: {} }, { method: 'sampling/createMessage', params: {} }, '2025-11-25', 'sampling'],
  [
    'sampling with tools',
    { sampling: {} },
    { method: 'sampling/createMessage', params: { tools: [] } },
    '2025-11-25',
    'sampling with tools',
  ],
  ['roots', {}, { method: 'roots/list' }, '2025-11-25', 'roots'],
  ['what nobody knows', ALL, { method: 'x/y' }, '2025-11-25', 'x/y'],
];

function urlForm(): object {
  return { method: 'elicitation/create', params: { mode: 'url', message: 'Sign in', url: 'https://example.com' } };
}

for (const [what, capabilities, question, version, named] of LACKING) {
  test(`a tool that asks a client without it for ${what} gives a tool error`, async () => {
    await using started = await startBridged({ 'tools/call': asking({ q: question }) }, { capabilities, version });
    const message = await started.client.ask('tools/call', { name: 'read' });
    assert.equal(resultOf(message)['isError'], true, JSON.stringify(message));
    assert.equal(toolText(message), `the MCP server asks for \`${named}\`, which the client does not support`);
  });
}

test('a prompt that asks a client without the capability gives an error with the reason', async () => {
  await using started = await startBridged({ 'prompts/get': asking({ q: FORM }) });
  const { code, message } = errorOf(await started.client.ask('prompts/get', { name: 'p' }));
  assert.equal(code, -32603);
  assert.equal(message, 'the MCP server asks for `elicitation`, which the client does not support');
});

test('a server that refuses a call for want of a capability gives a tool error that names it', async () => {
  const data = { requiredCapabilities: { sampling: {} } };
  await using started = await startBridged({
    'tools/call': (request, response) => sendError(request, response, { code: -32021, message: 'missing', data }, 400),
  });
  const message = await started.client.ask('tools/call', { name: 'read' });
  assert.equal(toolText(message), 'the MCP server asks for `sampling`, which the client does not support');
});

test('a client that takes no event stream cannot be asked', async () => {
  await using started = await startBridged({ 'tools/call': asking({ name: FORM }) }, { capabilities: ALL });
  await using heard = await started.client.send(readCall(), { accept: 'application/json' });
  assert.equal(toolText(await heard.next()), 'the MCP server has a question, and the client takes no event stream');
});

test('a client that answers with an error refuses, and is not asked the rest', async () => {
  const questions = { name: FORM, where: { method: 'roots/list' } };
  await using started = await startBridged({ 'tools/call': asking(questions) }, { capabilities: ALL });
  const { client } = started;
  await using heard = await client.send(readCall());
  const first = await heard.next();
  const second = await heard.next();
  const error = { code: -1, message: 'User rejected' };
  await using refused = await client.send({ jsonrpc: '2.0', id: first?.['id'], error });
  assert.equal(refused.status, 202);
  const withdrawn = await heard.next();
  assert.equal(withdrawn?.['method'], 'notifications/cancelled');
  assert.equal(membersOf(withdrawn['params'])['requestId'], second?.['id']);
  assert.equal(toolText(await heard.next()), 'the client refused `elicitation/create`: User rejected');
});

test('a server that never has enough is stopped', async () => {
  const insatiable: ModernServe = (request, response) =>
    sendResult(request, response, { resultType: 'input_required', inputRequests: { name: FORM } });
  await using started = await startBridged({ 'tools/call': insatiable }, { capabilities: ALL });
  const { client } = started;
  await using heard = await client.send(readCall());
  let asked = 0;
  for (let message = await heard.next(); message !== undefined; message = await heard.next()) {
    if (message['method'] === undefined) {
      assert.equal(toolText(message), 'the MCP server asked too many times');
      break;
    }
    asked += 1;
    await client.send({ jsonrpc: '2.0', id: message['id'], result: { action: 'accept' } });
  }
  assert.equal(asked, 10);
});

test('a URL that a user is sent to gets an id, and its completion is told', async () => {
  await using started = await startBridged({ 'tools/call': asking({ page: urlForm() }) }, { capabilities: ALL });
  const { client } = started;
  await using heard = await client.send(readCall());
  const question = await heard.next();
  const { elicitationId, ...params } = membersOf(question?.['params']);
  assert.deepEqual(params, { mode: 'url', message: 'Sign in', url: 'https://example.com' });
  await client.send({ jsonrpc: '2.0', id: question?.['id'], result: { action: 'accept' } });
  const completion = await heard.next();
  assert.equal(completion?.['method'], 'notifications/elicitation/complete');
  assert.deepEqual(completion['params'], { elicitationId });
  assert.equal(toolText(await heard.next()), 'done');
});

test('a client that does not answer in time is not waited for', async () => {
  const limits = { questionTimeoutMs: 50 };
  await using started = await startBridged({ 'tools/call': asking({ name: FORM }) }, { capabilities: ALL }, {}, limits);
  const { client } = started;
  await using heard = await client.send(readCall());
  const question = await heard.next();
  const withdrawn = await heard.next();
  assert.equal(withdrawn?.['method'], 'notifications/cancelled');
  assert.equal(membersOf(withdrawn['params'])['requestId'], question?.['id']);
  assert.equal(toolText(await heard.next()), 'the client did not answer the MCP server in time');
  await using late = await client.send({ jsonrpc: '2.0', id: question?.['id'], result: { action: 'accept' } });
  assert.equal(late.status, 400);
});

test('more than sixteen questions at once are not asked', async () => {
  const questions = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`q${index}`, FORM]));
  await using started = await startBridged({ 'tools/call': asking(questions) }, { capabilities: ALL });
  const message = await started.client.ask('tools/call', { name: 'read' });
  assert.equal(toolText(message), 'the MCP server asks too many questions at once');
});

test('a server that asks for nothing but another try gets one', async () => {
  let tries = 0;
  await using started = await startBridged({
    'tools/call': (request, response) => {
      tries += 1;
      if (request.params['requestState'] === 's') sendResult(request, response, DONE);
      else sendResult(request, response, { resultType: 'input_required', requestState: 's' });
    },
  });
  assert.equal(toolText(await started.client.ask('tools/call', { name: 'read' })), 'done');
  assert.equal(tries, 2);
});

test('a call that is cancelled while a question is open ends, and the question is withdrawn', async () => {
  await using started = await startBridged({ 'tools/call': asking({ name: FORM }) }, { capabilities: ALL });
  const { client } = started;
  await using heard = await client.send(readCall('c'));
  const question = await heard.next();
  await client.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'c' } });
  const withdrawn = await heard.next();
  assert.equal(membersOf(withdrawn?.['params'])['requestId'], question?.['id']);
  assert.equal(errorOf(await heard.next())['message'], 'the caller cancelled the request');
});
