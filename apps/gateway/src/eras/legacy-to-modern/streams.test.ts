import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { compilePolicy } from '@mcp-runtime/policy';
import { testDocument } from '../../testing/bench.ts';
import { DONE, errorOf, readCall, resultOf, startBridged, toolText } from '../../testing/bridged-bench.ts';
import { connectLegacy, membersOf } from '../../testing/legacy-client.ts';
import { type ModernServe, sendEvents, sendResult } from '../../testing/modern-upstream.ts';

const KEYS = 'io.modelcontextprotocol';

test('a client that loses the stream comes back to what it missed; the call went on', async () => {
  const begun = Promise.withResolvers<(message: object) => void>();
  await using started = await startBridged({
    'tools/call': ({ id }, response) => {
      const note = (n: number): object => ({ jsonrpc: '2.0', method: 'notifications/x', params: { n } });
      sendEvents(response, note(1), note(2));
      begun.resolve((message) => {
        sendEvents(response, message, { jsonrpc: '2.0', id, result: { resultType: 'complete', ...DONE } });
        response.end();
      });
    },
  });
  const { client, bench } = started;
  const heard = await client.send(readCall());
  await heard.next();
  const seen = heard.lastEventId?.replace(/\d+$/, '0') ?? '';
  await heard[Symbol.asyncDispose]();
  const finish = await begun.promise;
  await using resumed = await client.get({ 'last-event-id': seen });
  assert.equal(resumed.status, 200);
  assert.deepEqual(membersOf(await resumed.next())['params'], { n: 2 });
  finish({ jsonrpc: '2.0', method: 'notifications/x', params: { n: 3 } });
  assert.deepEqual(membersOf(await resumed.next())['params'], { n: 3 });
  assert.equal(toolText(await resumed.next()), 'done');
  assert.equal(await resumed.next(), undefined);
  await using whole = await client.get({ 'last-event-id': seen });
  assert.equal((await whole.rest()).length, 3, 'also after the end');
  await using nothing = await client.get({ 'last-event-id': resumed.lastEventId ?? '' });
  assert.equal(nothing.status, 204, 'a client that has all of it stops asking');
  const other = await connectLegacy(bench);
  await using foreign = await other.get({ 'last-event-id': seen });
  assert.equal(foreign.status, 400, 'another session gets nothing');
});

test('what was kept is not given out to a caller who may not have it any more', async () => {
  await using started = await startBridged({
    'tools/call': ({ id }, response) => {
      sendEvents(response, { jsonrpc: '2.0', method: 'notifications/x' });
      sendEvents(response, { jsonrpc: '2.0', id, result: { resultType: 'complete', ...DONE } });
      response.end();
    },
  });
  const { client, bench } = started;
  await using heard = await client.send(readCall());
  await heard.rest();
  const seen = heard.lastEventId?.replace(/\d+$/, '0') ?? '';
  bench.policy.publish(compilePolicy(testDocument({}, { allowed_side_effects: ['write'] })));
  await using resumed = await client.get({ 'last-event-id': seen });
  assert.equal(resumed.status, 400);
});

interface Listen {
  readonly uris: unknown;
  say(method: string, params?: object): void;
  end(): void;
  readonly closed: Promise<unknown>;
}

/** Takes subscriptions and hands them to the test. */
function listening(honour: 'all' | 'lists' = 'all'): { readonly serve: ModernServe; next(): Promise<Listen> } {
  const opened: Listen[] = [];
  const waiting: ((listen: Listen) => void)[] = [];
  return {
    serve: ({ id, params }, response) => {
      const { notifications } = params;
      const { resourceSubscriptions: uris, ...lists } = membersOf(notifications);
      const _meta = { [`${KEYS}/subscriptionId`]: id };
      const say = (method: string, more: object = {}): void =>
        sendEvents(response, { jsonrpc: '2.0', method, params: { ...more, _meta } });
      say('notifications/subscriptions/acknowledged', { notifications: honour === 'all' ? notifications : lists });
      const listen = { uris, say, end: () => void response.destroy(), closed: once(response, 'close') };
      const take = waiting.shift();
      if (take === undefined) opened.push(listen);
      else take(listen);
    },
    next: () => {
      const listen = opened.shift();
      return listen === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(listen);
    },
  };
}

test('a GET stream hears what a subscription tells, and a subscribed resource opens it anew', async () => {
  const listens = listening();
  await using started = await startBridged({ 'subscriptions/listen': listens.serve });
  const { client } = started;
  await using stream = await client.get();
  const first = await listens.next();
  assert.equal(first.uris, undefined);
  first.say('notifications/tools/list_changed');
  assert.deepEqual(await stream.next(), { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: {} });
  const subscribed = client.ask('resources/subscribe', { uri: 'file:///a' });
  const second = await listens.next();
  assert.deepEqual(second.uris, ['file:///a']);
  assert.deepEqual(resultOf(await subscribed), {});
  await first.closed;
  second.say('notifications/resources/updated', { uri: 'file:///a' });
  assert.deepEqual(membersOf(await stream.next())['params'], { uri: 'file:///a' });
  const unsubscribed = client.ask('resources/unsubscribe', { uri: 'file:///a' });
  const third = await listens.next();
  assert.equal(third.uris, undefined);
  assert.deepEqual(resultOf(await unsubscribed), {});
});

test('a subscription that breaks is opened again, and what may have been missed is told as changed', async () => {
  const listens = listening();
  await using started = await startBridged({ 'subscriptions/listen': listens.serve });
  const { client } = started;
  await client.ask('resources/subscribe', { uri: 'file:///a' });
  await using stream = await client.get();
  const first = await listens.next();
  assert.deepEqual(first.uris, ['file:///a']);
  first.end();
  await listens.next();
  const told = [await stream.next(), await stream.next(), await stream.next(), await stream.next()];
  assert.deepEqual(
    told.map((message) => message?.['method']),
    [
      'notifications/tools/list_changed',
      'notifications/prompts/list_changed',
      'notifications/resources/list_changed',
      'notifications/resources/updated',
    ],
  );
});

test('a resource that the server does not tell about cannot be subscribed to', async () => {
  const listens = listening('lists');
  await using started = await startBridged({ 'subscriptions/listen': listens.serve });
  const { client } = started;
  await using stream = await client.get();
  assert.equal(stream.status, 200);
  await listens.next();
  const { code, message } = errorOf(await client.ask('resources/subscribe', { uri: 'file:///a' }));
  assert.equal(code, -32602);
  assert.equal(message, 'the MCP server does not tell about changes of that resource');
});

test('a stream that the client closes ends its subscription', async () => {
  const listens = listening();
  await using started = await startBridged({ 'subscriptions/listen': listens.serve });
  const stream = await started.client.get();
  const listen = await listens.next();
  await stream[Symbol.asyncDispose]();
  await listen.closed;
});

test('DELETE ends a session: its stream, its calls, and every later request', async () => {
  const listens = listening();
  const begun = Promise.withResolvers<void>();
  await using started = await startBridged({
    'subscriptions/listen': listens.serve,
    'tools/call': () => begun.resolve(),
  });
  const { client } = started;
  await using stream = await client.get();
  const listen = await listens.next();
  const answer = client.send(readCall());
  await begun.promise;
  assert.equal(await client.end(), 204);
  assert.equal(await stream.next(), undefined);
  await listen.closed;
  await using heard = await answer;
  assert.equal(errorOf(await heard.next())['message'], 'the MCP session has ended');
  await using later = await client.send(readCall());
  assert.equal(later.status, 404);
});

test('a call that is silent gets an event from which its client can come back', async () => {
  const begun = Promise.withResolvers<() => void>();
  await using started = await startBridged(
    { 'tools/call': (request, response) => begun.resolve(() => sendResult(request, response, DONE)) },
    {},
    {},
    { primeAfterMs: 1 },
  );
  const { client } = started;
  const heard = await client.send(readCall());
  const eventId = await heard.firstEventId();
  await heard[Symbol.asyncDispose]();
  await using resumed = await client.get({ 'last-event-id': eventId });
  const answer = await begun.promise;
  answer();
  assert.equal(toolText(await resumed.next()), 'done');
});

test('an update of a resource that the caller may not read any more is not told', async () => {
  const listens = listening();
  await using started = await startBridged({ 'subscriptions/listen': listens.serve });
  const { client, bench } = started;
  await using stream = await client.get();
  await listens.next();
  const subscribed = client.ask('resources/subscribe', { uri: 'file:///a' });
  const listen = await listens.next();
  await subscribed;
  const resource_rules = [
    { uri: 'file:///a', decision: 'deny', required_trust: 'low' },
    { uri: 'file:///b', decision: 'allow', required_trust: 'low' },
  ];
  bench.policy.publish(compilePolicy(testDocument({}, { resource_rules })));
  listen.say('notifications/resources/updated', { uri: 'file:///a' });
  listen.say('notifications/resources/updated', { uri: 'file:///b' });
  const told: unknown[] = [];
  for (let message = await stream.next(); message !== undefined; message = await stream.next()) {
    if (message['method'] !== 'notifications/resources/updated') continue;
    told.push(membersOf(message['params'])['uri']);
    break;
  }
  assert.deepEqual(told, ['file:///b']);
});
