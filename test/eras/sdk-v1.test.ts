import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Governed, govern } from '../conformance/governed.ts';
import { untilTrue } from '../support/until.ts';
import { type ModernClient, connectModern } from './support/modern-client.ts';
import { SDK_V1_TOOLS, type SdkV1Server, startSdkV1Server } from './support/sdk-v1-server.ts';

let server: SdkV1Server;
let governed: Governed;
let modern: ModernClient;

before(async () => {
  server = await startSdkV1Server();
  governed = await govern(server.url, { tools: SDK_V1_TOOLS, replicas: 1 });
  modern = await connectModern(governed.url);
});

after(async () => {
  await modern[Symbol.asyncDispose]();
  await governed[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

function call(name: string, args: Readonly<Record<string, unknown>> = {}): Promise<object> {
  return modern.client.callTool({ name, arguments: args });
}

test('two questions of one call, one after the other', async () => {
  const before = modern.asked.length;
  assert.match(JSON.stringify(await call('ask-twice')), /Alice.*Alice/);
  assert.deepEqual(modern.asked.slice(before), ['elicitation/create form', 'elicitation/create form']);
});

test('a question on the stream of no request', async () => {
  assert.match(JSON.stringify(await call('ask-beside')), /Alice/);
});

test('a question that the user declines', async () => {
  await using declining = await connectModern(governed.url, { accepts: false });
  const result = await declining.client.callTool({ name: 'ask-beside', arguments: {} });
  assert.match(JSON.stringify(result), /decline/);
});

test('log messages of the level that the client wants', async () => {
  const heard: unknown[] = [];
  modern.client.setNotificationHandler('notifications/message', ({ params }) => void heard.push(params.data));
  const _meta = { 'io.modelcontextprotocol/logLevel': 'warning' } as const;
  await modern.client.callTool({ name: 'log', arguments: {}, _meta });
  assert.deepEqual(heard, ['warning']);
});

test('a call that the client gives up is cancelled at the server', async () => {
  const begun = Promise.withResolvers<void>();
  modern.client.setNotificationHandler('notifications/message', () => begun.resolve());
  const leaving = new AbortController();
  const _meta = { 'io.modelcontextprotocol/logLevel': 'debug' } as const;
  const waiting = modern.client.callTool(
    { name: 'wait', arguments: { name: 'mine' }, _meta },
    { signal: leaving.signal },
  );
  await begun.promise;
  leaving.abort();
  await assert.rejects(waiting);
  await untilTrue('the server heard of it', () => server.cancelled.includes('mine'));
});

test('a change of tools reaches whom it concerns', async () => {
  const changed = Promise.withResolvers<void>();
  modern.client.setNotificationHandler('notifications/tools/list_changed', () => changed.resolve());
  const subscription = await modern.client.listen({ toolsListChanged: true });
  assert.equal(subscription.honoredFilter.toolsListChanged, true);
  await call('change-tools');
  await changed.promise;
  await subscription.close();
});

test('many calls at once share one session', async () => {
  const sessions = server.openSessions();
  const answers = await Promise.all(Array.from({ length: 20 }, () => call('large-number')));
  assert.equal(answers.length, 20);
  assert.equal(server.openSessions(), sessions);
});
