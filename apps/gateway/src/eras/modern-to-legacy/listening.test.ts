import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bench, startBench, testDocument } from '../../testing/bench.ts';
import { type LegacyServer, scriptLegacyServer } from '../../testing/legacy-server.ts';
import { type ModernMessage, messagesOf, openAsModern } from '../../testing/modern-caller.ts';

function benchFor(server: LegacyServer): Promise<Bench> {
  return startBench({ answer: server.answer, document: testDocument(), probes: 'seen' });
}

const SUBSCRIBABLE = { resources: { subscribe: true, listChanged: true }, tools: { listChanged: true }, prompts: {} };

function watchable(): LegacyServer {
  return scriptLegacyServer({
    capabilities: SUBSCRIBABLE,
    on: {
      'resources/subscribe': ({ message }, turn) => {
        if (message.params?.['uri'] === 'file:///none') turn.error(-32002, 'Resource not found');
        else turn.result('{}');
      },
      'resources/unsubscribe': (_, turn) => turn.result('{}'),
    },
  });
}

interface Listener extends AsyncDisposable {
  next(): Promise<ModernMessage | undefined>;
}

async function listen(bench: Bench, notifications: object, id: string | number = 1): Promise<Listener> {
  const leaving = new AbortController();
  const response = await openAsModern(bench, 'subscriptions/listen', {
    id,
    params: { notifications },
    signal: leaving.signal,
  });
  const messages = messagesOf(response);
  return {
    next: async () => (await messages.next()).value,
    [Symbol.asyncDispose]: async () => leaving.abort(),
  };
}

const TOOLS_CHANGED = '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}';
const RESOURCES_CHANGED = '{"jsonrpc":"2.0","method":"notifications/resources/list_changed"}';
const updated = (uri: string): string =>
  JSON.stringify({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri, extra: 1 } });

const LABEL = 'io.modelcontextprotocol/subscriptionId';

test('what is heard of is acknowledged, and comes with the id of its subscription', async () => {
  const server = watchable();
  await using bench = await benchFor(server);
  await using listener = await listen(bench, { toolsListChanged: true, promptsListChanged: true }, 7);
  assert.deepEqual(await listener.next(), {
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications: { toolsListChanged: true, promptsListChanged: true }, _meta: { [LABEL]: 7 } },
  });
  server.push(RESOURCES_CHANGED);
  server.push(TOOLS_CHANGED);
  assert.deepEqual(await listener.next(), {
    jsonrpc: '2.0',
    method: 'notifications/tools/list_changed',
    params: { _meta: { [LABEL]: 7 } },
  });
});

test('resources are subscribed to once for all who listen, and no longer than somebody does', async () => {
  const server = watchable();
  await using bench = await benchFor(server);
  const one = await listen(bench, { resourceSubscriptions: ['file:///a', 'file:///none'] }, 'one');
  const acknowledged = await one.next();
  assert.deepEqual(acknowledged?.params?.['notifications'], { resourceSubscriptions: ['file:///a'] });
  await using other = await listen(bench, { resourceSubscriptions: ['file:///a', 'file:///b'] }, 'other');
  await other.next();
  const subscribed = server.said.filter(({ method }) => method === 'resources/subscribe');
  assert.deepEqual(
    subscribed.map(({ message }) => message.params?.['uri']),
    ['file:///a', 'file:///none', 'file:///b'],
  );
  server.push(updated('file:///b'));
  server.push(updated('file:///a'));
  assert.deepEqual((await one.next())?.params, { uri: 'file:///a', extra: 1, _meta: { [LABEL]: 'one' } });
  assert.equal((await other.next())?.params?.['uri'], 'file:///b');
  assert.equal((await other.next())?.params?.['uri'], 'file:///a');

  await one[Symbol.asyncDispose]();
  server.push(updated('file:///a'));
  assert.equal((await other.next())?.params?.['uri'], 'file:///a');
  assert.ok(!server.said.some(({ method }) => method === 'resources/unsubscribe'));
  await other[Symbol.asyncDispose]();
  await server.until(({ method, text }) => method === 'resources/unsubscribe' && text.includes('file:///a'));
});

test('a server without a stream tells of nothing, and nothing is acknowledged', async () => {
  const server = scriptLegacyServer({
    capabilities: SUBSCRIBABLE,
    streams: 'none',
    on: { 'resources/subscribe': (_, turn) => turn.result('{}') },
  });
  await using bench = await benchFor(server);
  await using listener = await listen(bench, { toolsListChanged: true, resourceSubscriptions: ['file:///a'] });
  assert.deepEqual((await listener.next())?.params?.['notifications'], {});
});

test('log messages and progress do not travel there', async () => {
  const server = watchable();
  await using bench = await benchFor(server);
  await using listener = await listen(bench, { toolsListChanged: true });
  await listener.next();
  server.push('{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":"x"}}');
  server.push('{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}');
  server.push(TOOLS_CHANGED);
  assert.equal((await listener.next())?.method, 'notifications/tools/list_changed');
});

test('a stream that the server closes is opened again', async () => {
  const server = watchable();
  await using bench = await benchFor(server);
  await using listener = await listen(bench, { toolsListChanged: true });
  await listener.next();
  server.closeStreams();
  await server.until(() => server.said.filter(({ method }) => method === 'GET').length === 2);
  server.push(TOOLS_CHANGED);
  assert.equal((await listener.next())?.method, 'notifications/tools/list_changed');
});

test('where the session is lost, the listener is let go without a result, so that it comes back', async () => {
  const server = watchable();
  await using bench = await benchFor(server);
  await using listener = await listen(bench, { toolsListChanged: true });
  await listener.next();
  server.forget();
  server.closeStreams();
  assert.equal(await listener.next(), undefined);
});
