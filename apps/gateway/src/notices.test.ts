import assert from 'node:assert/strict';
import { type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type PolicyDocument } from '@mcp-runtime/api';
import { compilePolicy } from '@mcp-runtime/policy';
import { type Bench, startBench, testDocument } from './testing/bench.ts';
import { bearer } from './testing/caller.ts';
import { type EventStream, readEvents } from './testing/stream.ts';
import { type Answer } from './testing/upstream.ts';

const ALICE = { 'x-mcp-human-id': 'alice', 'x-mcp-agent-id': 'agent' };
const SUBSCRIPTION_ID = 'io.modelcontextprotocol/subscriptionId';
const options = { trustHeadersFrom: ['127.0.0.0/8'] };

type Grant = NonNullable<PolicyDocument['grants']>[number];
const RULES: Partial<Grant> = {
  tool_rules: [{ name: 'read' }],
  prompt_rules: [{ name: 'greet' }],
  resource_rules: [{ uri: 'file:///a/*' }],
};

function documentWith(grant: Partial<Grant>, revision = 'r1'): PolicyDocument {
  return testDocument({ auth: { mode: 'header' }, session: { required: false }, revision }, { ...RULES, ...grant });
}

/** What of a grant changes, and the notices that follow. */
const CHANGES: readonly (readonly [title: string, grant: Partial<Grant>, lists: readonly string[]])[] = [
  ['a tool', { tool_rules: [{ name: 'write' }] }, ['tools']],
  ['a prompt', { prompt_rules: [{ name: 'other' }] }, ['prompts']],
  ['a resource', { resource_rules: [{ uri: 'file:///b/*' }] }, ['resources']],
  [
    'all but what may not be called',
    { tool_rules: [], prompt_rules: [], resource_rules: [] },
    ['prompts', 'resources'],
  ],
  ['side effects', { allowed_side_effects: [] }, ['tools', 'prompts', 'resources']],
];

for (const [title, grant, lists] of CHANGES) {
  const notices = lists.map((list) => `notifications/${list}/list_changed`);

  test(`${title}: the stream of a legacy session hears of ${lists.join(', ')} and of nothing else`, async () => {
    await using bench = await startBench({ answer: opensStream, document: documentWith({}), options });
    const stream = await openLegacy(bench);
    publish(bench, documentWith(grant, 'r2'));
    for (const notice of notices) assert.deepEqual(await nextOf(stream), { jsonrpc: '2.0', method: notice });
    await expectNothingMore(bench, stream);
  });

  test(`${title}: so does a subscription that asked for it, with its id`, async () => {
    await using bench = await startBench({ answer: acknowledges, document: documentWith({}), options });
    const stream = await listen(bench, 7, EVERY_LIST);
    publish(bench, documentWith(grant, 'r2'));
    const params = { _meta: { [SUBSCRIPTION_ID]: 7 } };
    for (const notice of notices) assert.deepEqual(await nextOf(stream), { jsonrpc: '2.0', method: notice, params });
    await expectNothingMore(bench, stream);
  });
}

const EVERY_LIST = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };

test('a change that does not concern the caller tells it nothing, and a list that was not asked for neither', async () => {
  await using bench = await startBench({ answer: acknowledges, document: documentWith({}), options });
  const stream = await listen(bench, 'a', { promptsListChanged: true });
  const other = { name: 'g2', namespace: 'mcp-servers', human_id: 'bob', max_trust: 'high' } as const;
  const document = documentWith({ tool_rules: [] }, 'r2');
  publish(bench, { ...document, grants: [...(document.grants ?? []), other] });
  publish(bench, documentWith({ tool_rules: [], prompt_rules: [] }, 'r3'));
  const params = { _meta: { [SUBSCRIPTION_ID]: 'a' } };
  assert.deepEqual(await nextOf(stream), { jsonrpc: '2.0', method: 'notifications/prompts/list_changed', params });
  await stream.close();
});

test('a grant that ends is told, although nobody changed anything', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const document = documentWith({});
  const [grant] = document.grants ?? [];
  assert.ok(grant);
  const ending: Grant = {
    ...grant,
    name: 'ending',
    tool_rules: [{ name: 'write' }],
    allowed_side_effects: ['write'],
    expires_at: '2026-01-01T00:00:10Z',
  };
  const grants: PolicyDocument['grants'] = [grant, ending];
  await using bench = await startBench({
    answer: opensStream,
    document: { ...document, grants },
    options: { ...options, clock: () => now },
  });
  const stream = await openLegacy(bench);
  now += 11_000;
  assert.deepEqual(await nextOf(stream), { jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
  await stream.close();
});

test('a subscription keeps what the caller may follow, and the acknowledgement says which', async () => {
  await using bench = await startBench({ answer: acknowledges, document: documentWith({}), options });
  const stream = await listen(bench, 1, {
    toolsListChanged: true,
    resourceSubscriptions: ['file:///a/1', 'file:///z/1'],
  });
  const sent: unknown = JSON.parse(bench.upstream.seen.at(-1)?.body ?? '');
  assert.deepEqual(filterOf(sent), { ...EVERY_LIST, resourceSubscriptions: ['file:///a/1'] });
  assert.deepEqual(stream.acknowledged, { toolsListChanged: true, resourceSubscriptions: ['file:///a/1'] });
  await stream.close();
});

test('each update is asked again, and the stream ends with a reason when nothing of it is left', async () => {
  const upstream = Promise.withResolvers<ServerResponse>();
  const answer: Answer = (seen, response) => {
    acknowledges(seen, response);
    upstream.resolve(response);
  };
  await using bench = await startBench({ answer, document: documentWith({}), options });
  const stream = await listen(bench, 1, { resourceSubscriptions: ['file:///a/1', 'file:///a/2'] });
  const server = await upstream.promise;
  const update = (uri: string): object => ({
    jsonrpc: '2.0',
    method: 'notifications/resources/updated',
    params: { uri },
  });
  const send = (uri: string): void => void server.write(`data: ${JSON.stringify(update(uri))}\n\n`);
  send('file:///z/1');
  send('file:///a/1');
  assert.deepEqual(await nextOf(stream), update('file:///a/1'));
  publish(bench, documentWith({ resource_rules: [{ uri: 'file:///a/2' }] }, 'r2'));
  send('file:///a/1');
  send('file:///a/2');
  assert.deepEqual(await nextOf(stream), update('file:///a/2'));
  publish(bench, documentWith({ resource_rules: [{ uri: 'file:///b/*' }] }, 'r3'));
  assert.match((await stream.next()) ?? '', /"id":1,"error":.*"reason":"tool_not_granted"/);
  assert.equal(await stream.next(), undefined);
});

test('a subscription of a revoked session ends with the reason', async () => {
  const live = testDocument();
  await using bench = await startBench({ answer: acknowledges, document: live });
  const stream = await listen(bench, 1, EVERY_LIST, await bearer(bench));
  publish(bench, { ...live, revision: 'r2', sessions: [{ name: 's1', namespace: 'mcp-servers', revoked: true }] });
  assert.match((await stream.next()) ?? '', /"id":1,"error":.*"reason":"session_revoked"/);
  assert.equal(await stream.next(), undefined);
});

const opensStream: Answer = (_, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: {"jsonrpc":"2.0","method":"ready"}\n\n');
};

/** Honours what it is asked, as a server does that has everything. */
const acknowledges = ({ body }: { readonly body: string }, response: ServerResponse): void => {
  const params = { notifications: filterOf(JSON.parse(body)), _meta: { [SUBSCRIPTION_ID]: 1 } };
  const acknowledged = { jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(`data: ${JSON.stringify(acknowledged)}\n\n`);
};

function filterOf(message: unknown): unknown {
  const text = JSON.stringify(message, (key, value: unknown) => (key === '_meta' ? undefined : value));
  return JSON.parse(/"notifications":(\{.*?\})/.exec(text)?.[1] ?? 'null');
}

async function openLegacy(bench: Bench): Promise<EventStream> {
  const stream = readEvents(await fetch(bench.url, { headers: { ...ALICE, accept: 'text/event-stream' } }));
  assert.match((await stream.next()) ?? '', /"ready"/);
  return stream;
}

async function listen(
  bench: Bench,
  id: string | number,
  notifications: object,
  who: Readonly<Record<string, string>> = ALICE,
): Promise<EventStream & { readonly acknowledged: unknown }> {
  const envelope = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const message = { jsonrpc: '2.0', id, method: 'subscriptions/listen', params: { notifications, _meta: envelope } };
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen', ...who };
  const stream = readEvents(await bench.post(message, headers));
  const acknowledged: unknown = JSON.parse((await stream.next()) ?? 'null');
  return { ...stream, acknowledged: filterOf(acknowledged) };
}

async function nextOf(stream: EventStream): Promise<unknown> {
  return JSON.parse((await stream.next()) ?? 'null');
}

function publish({ policy }: Bench, document: PolicyDocument): void {
  policy.publish(compilePolicy(document));
}

/** What the stream says after all that was told is its end. */
async function expectNothingMore(bench: Bench, stream: EventStream): Promise<void> {
  bench.policy.withdraw();
  assert.doesNotMatch(await stream.rest(), /list_changed/);
}

test('a caller that does not read is waited for once, however much changes', async () => {
  const warnings: string[] = [];
  const warn = ({ name }: Error): void => void (name.startsWith('MaxListeners') && warnings.push(name));
  process.on('warning', warn);
  let now = Date.now();
  const clock = (): number => (now += 1000);
  const part = `: ${'a'.repeat(64 * 1024)}\n\n`;
  const stalled = Promise.withResolvers<void>();
  const floods: Answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    while (response.write(part));
    response.on('drain', () => {
      while (response.write(part));
    });
    setInterval(() => response.writableNeedDrain && stalled.resolve(), 300).unref();
  };
  await using bench = await startBench({ answer: floods, document: documentWith({}), options: { ...options, clock } });
  const { port, pathname } = new URL(bench.url);
  const socket = connect(Number(port), '127.0.0.1').pause();
  const identity = Object.entries(ALICE).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${pathname} HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n${identity.join('')}\r\n`);
  await stalled.promise;
  for (let change = 0; change < 40; change++) {
    publish(bench, documentWith(change % 2 === 0 ? { tool_rules: [{ name: 'write' }] } : {}, `r${change}`));
  }
  await delay(1);
  socket.destroy();
  process.off('warning', warn);
  assert.deepEqual(warnings, []);
});

test('a server that is gone is followed no more', async () => {
  await using bench = await startBench({ answer: opensStream, document: documentWith({}), options });
  let followers = 0;
  const [route] = bench.gateway.routes.all();
  assert.ok(route);
  const subscribe: typeof route.policy.subscribe = (listener) => {
    const stop = route.policy.subscribe(listener);
    followers += 1;
    return () => {
      followers -= 1;
      stop();
    };
  };
  bench.gateway.routes.set({ ...route, policy: { ...route.policy, subscribe } });
  const before = followers;
  const stream = await openLegacy(bench);
  assert.equal(followers, before + 1);
  bench.policy.withdraw();
  assert.equal(followers, before);
  await stream.close();
});
