import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDocument } from '../../testing/bench.ts';
import { errorOf, readCall, resultOf, startBridged } from '../../testing/bridged-bench.ts';
import { bearer } from '../../testing/caller.ts';
import { connectLegacy, membersOf } from '../../testing/legacy-client.ts';

const KEYS = 'io.modelcontextprotocol';

test('initialize is answered from server/discover, and the session id is sealed', async () => {
  await using started = await startBridged({});
  const { client, bench } = started;
  assert.deepEqual(client.initialized, {
    capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true }, logging: {} },
    instructions: 'Be kind.',
    'x-unknown': 1,
    protocolVersion: '2025-11-25',
    serverInfo: { name: 'modern', version: '3' },
  });
  assert.match(client.sessionId, /^[\w-]{40,4096}$/);
  const discover = bench.upstream.seen.at(-1);
  assert.equal(discover?.headers['mcp-method'], 'server/discover');
  assert.equal(discover.headers['mcp-session-id'], undefined);
});

test('extensions that a client declared are kept, tasks are not', async () => {
  const extensions = { [`${KEYS}/ui`]: {}, [`${KEYS}/tasks`]: {} };
  await using started = await startBridged({}, { capabilities: { extensions } });
  assert.deepEqual(membersOf(started.client.initialized['capabilities'])['extensions'], {
    [`${KEYS}/ui`]: { mimeTypes: ['text/html'] },
  });
});

test('a client gets the revision that it asks for, and the newest for one that is not known', async () => {
  await using started = await startBridged({});
  for (const version of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
    const client = await connectLegacy(started.bench, { version });
    assert.equal(client.initialized['protocolVersion'], version);
  }
  const other = await connectLegacy(started.bench, { version: '1999-01-01' });
  assert.equal(other.initialized['protocolVersion'], '2025-11-25');
});

test('ping is answered by the gateway', async () => {
  await using started = await startBridged({});
  const { client, bench } = started;
  const before = bench.upstream.seen.length;
  assert.deepEqual(resultOf(await client.ask('ping')), {});
  assert.equal(bench.upstream.seen.length, before);
});

test('a request without a session, and one with a version that is none, are refused', async () => {
  await using started = await startBridged({});
  const { bench, client } = started;
  const authorization = `Bearer ${await bench.token()}`;
  assert.equal((await bench.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, { authorization })).status, 400);
  await using other = await client.send(readCall(), { 'mcp-protocol-version': '2023-01-01' });
  assert.equal(other.status, 400);
  assert.match(String(errorOf(await other.next())['message']), /must be one of 2024-11-05, /);
});

test('the session of one caller is not that of another', async () => {
  const bobs = {
    name: 's2',
    namespace: 'mcp-servers',
    human_id: 'bob',
    agent_id: 'agent',
    consented_trust: 'high',
  } as const;
  await using started = await startBridged({}, {}, { sessions: [...(testDocument().sessions ?? []), bobs] });
  const { bench, client } = started;
  const bob = await bearer(bench, { sub: 'bob', sid: 's2' });
  await using stolen = await client.send({ jsonrpc: '2.0', id: 1, method: 'ping' }, bob);
  assert.equal(stolen.status, 404);
});

test('notifications of the client end at the gateway', async () => {
  await using started = await startBridged({});
  const { client, bench } = started;
  const before = bench.upstream.seen.length;
  for (const method of ['notifications/initialized', 'notifications/roots/list_changed', 'notifications/progress']) {
    await using heard = await client.send({ jsonrpc: '2.0', method });
    assert.equal(heard.status, 202, method);
  }
  assert.equal(bench.upstream.seen.length, before);
});
