import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { request } from 'node:http';
import { test } from 'node:test';
import { type SpawnChild } from './options.ts';
import { aBridge, aClient, isRunning, post, streamOf, textOf, until } from './testing/bridge.ts';

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};

test('answers a call as JSON when nothing comes before the answer', async () => {
  await using bridge = await aBridge();
  const client = await aClient(bridge);
  assert.match(client.hello.session, /^[0-9a-f-]{36}$/);
  const answer = await client.call(1, 'echo', { value: 'hi' });
  assert.equal(answer.type, 'application/json');
  assert.equal(textOf(answer), 'hi');
  assert.equal(bridge.sessions(), 1);
});

test('answers as an event stream when progress comes first', async () => {
  await using bridge = await aBridge();
  const client = await aClient(bridge);
  const answer = await client.call(1, 'progress', {}, { progressToken: 'p' });
  assert.equal(answer.type, 'text/event-stream');
  assert.deepEqual(answer.messages[0]?.params, { progressToken: 'p', progress: 1 });
  assert.equal(textOf(answer), 'done');
});

test('answers as JSON to a client that takes no stream, and keeps the rest for its GET stream', async () => {
  await using bridge = await aBridge();
  const client = await aClient(bridge);
  const call = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'progress', _meta: { progressToken: 5 } },
  };
  const answer = await post(bridge, call, { ...client.headers, Accept: 'application/json' });
  assert.equal(answer.type, 'application/json');
  const stream = await fetch(bridge.url, { headers: { ...client.headers, Accept: 'text/event-stream' } });
  const first = await stream.body?.getReader().read();
  assert.match(new TextDecoder().decode(first?.value), /"progressToken":5/);
  const second = await fetch(bridge.url, { headers: { ...client.headers, Accept: 'text/event-stream' } });
  assert.equal(second.status, 409);
});

test('carries a question of the server and its answer', async () => {
  await using bridge = await aBridge();
  const client = await aClient(bridge);
  const read = await streamOf(bridge, client, 'ask');
  assert.match(await read(), /"id":"q1","method":"roots\/list"/);
  assert.equal((await client.send({ id: 'q2', result: { roots: [] } })).status, 202);
  assert.equal((await client.send({ id: 'q1', result: { roots: [] } })).status, 202);
  assert.match(await read(), /"id":9,"result"/);
});

test('gives each session a process of its own, and the child only the given environment', async () => {
  await using bridge = await aBridge();
  const [one, two] = await Promise.all([aClient(bridge), aClient(bridge)]);
  const pids = await Promise.all([one.call(1, 'pid'), two.call(1, 'pid')]);
  assert.notEqual(textOf(pids[0]), textOf(pids[1]));
  assert.equal(textOf(await one.call(2, 'environment')), 'GREETING');
});

test('tells every waiting request at once that the server has crashed, then starts anew', async () => {
  const lines: string[] = [];
  await using bridge = await aBridge({ onStderr: (line) => lines.push(line) });
  const client = await aClient(bridge);
  const waiting = [client.call(1, 'hang'), client.call('two', 'hang')];
  await until(() => lines.length === 2);
  for (const answer of await Promise.all([...waiting, client.call(3, 'crash')])) {
    assert.equal(answer.status, 502);
    assert.equal(answer.messages[0]?.error?.code, 50201);
    assert.match(answer.messages[0]?.error?.message ?? '', /exit code 7/);
  }
  assert.equal((await client.call(4, 'echo')).status, 404);
  assert.equal(bridge.sessions(), 0);
  const next = await aClient(bridge);
  assert.equal(textOf(await next.call(1, 'echo', { value: 'again' })), 'again');
});

test('tells of a crash inside a stream that is open', async () => {
  await using bridge = await aBridge();
  const client = await aClient(bridge);
  const read = await streamOf(bridge, client, 'ask');
  assert.match(await read(), /roots\/list/);
  assert.equal((await client.call(2, 'crash')).status, 502);
  assert.match(await read(), /"id":9,"error":{"code":50201/);
});

test('ends the session when its process is killed', async () => {
  await using bridge = await aBridge();
  const client = await aClient(bridge);
  process.kill(Number(textOf(await client.call(1, 'pid'))), 'SIGKILL');
  await until(() => bridge.sessions() === 0);
  assert.equal((await client.call(2, 'echo')).status, 404);
  assert.equal((await aClient(bridge)).hello.status, 200);
});

test('ignores output that is no message', async () => {
  await using bridge = await aBridge();
  const client = await aClient(bridge);
  assert.equal(textOf(await client.call(1, 'garbage')), 'clean');
});

test('ends a server that writes a message beyond the limit', async () => {
  await using bridge = await aBridge();
  const client = await aClient(bridge);
  const answer = await client.call(1, 'huge');
  assert.equal(answer.status, 502);
  assert.match(answer.messages[0]?.error?.message ?? '', /more than 100000 bytes/);
});

test('says so when the command does not exist, or ends at once', async () => {
  await using missing = await aBridge({ command: '/nowhere/server' });
  const answer = await post(missing, INITIALIZE);
  assert.equal(answer.status, 502);
  assert.equal(answer.session, '');
  assert.match(answer.messages[0]?.error?.message ?? '', /cannot start `\/nowhere\/server` \(ENOENT\)/);
  assert.equal(missing.sessions(), 0);

  await using dying = await aBridge({}, 'dies');
  assert.equal((await post(dying, INITIALIZE)).status, 502);
});

const spawnInOurGroup: SpawnChild = (command, args, options) => spawn(command, args, options);

test('leaves no process behind, not even one that ignores SIGTERM, in whatever group', async () => {
  const bridges = [await aBridge({}, 'stubborn'), await aBridge({ spawn: spawnInOurGroup }, 'stubborn')];
  for (const bridge of bridges) {
    const client = await aClient(bridge);
    await client.call(1, 'echo');
    await until(() => bridge.pids().length === 2);
  }
  const pids = bridges.flatMap((bridge) => bridge.pids());
  await Promise.all(bridges.flatMap((bridge) => [bridge.close(), bridge.close()]));
  assert.deepEqual(pids.filter(isRunning), []);
  assert.deepEqual(
    bridges.flatMap((bridge) => bridge.pids()),
    [],
  );
});

test('ends what the server has started, when it crashes and when the bridge closes', async () => {
  const bridge = await aBridge();
  const [one, two] = [await aClient(bridge), await aClient(bridge)];
  const offspring = Number(textOf(await one.call(1, 'offspring')));
  await one.call(2, 'crash');
  await until(() => !isRunning(offspring));
  const other = Number(textOf(await two.call(1, 'offspring')));
  await bridge.close();
  await until(() => !isRunning(other));
});

test('refuses messages when the server does not read those it has', async () => {
  await using bridge = await aBridge();
  const client = await aClient(bridge);
  assert.equal(textOf(await client.call(1, 'deaf')), 'deaf');
  const filler = 'x'.repeat(90_000);
  const statuses: number[] = [];
  const sent = Array.from({ length: 12 }, async (_, id) => {
    const { status } = await client.send({ id: id + 2, method: 'tools/list', params: { filler } });
    statuses.push(status);
  });
  await until(() => statuses.includes(503));
  await client.end();
  await Promise.all(sent);
});

test('says so when the port is taken', async () => {
  await using bridge = await aBridge();
  const listen = { host: '127.0.0.1', port: Number(new URL(bridge.url).port) };
  await assert.rejects(aBridge({ listen }), { code: 'port_in_use' });
});

test('ends the process of a session that the client deletes', async () => {
  const lines: string[] = [];
  await using bridge = await aBridge({ onStderr: (line) => lines.push(line) });
  const client = await aClient(bridge);
  const pid = Number(textOf(await client.call(1, 'pid')));
  const hanging = client.call(2, 'hang');
  await until(() => lines.length > 0);
  assert.equal((await client.end()).status, 200);
  assert.equal((await hanging).messages[0]?.error?.code, 49900);
  await until(() => !isRunning(pid));
  assert.equal((await client.call(3, 'echo')).status, 404);
});

test('ends sessions that are idle', async () => {
  let now = 0;
  await using bridge = await aBridge({ idleTimeoutMs: 20, clock: () => now });
  await aClient(bridge);
  assert.equal(bridge.sessions(), 1);
  now = 100;
  await until(() => bridge.sessions() === 0);
});

test('ends the answer to a cancelled request without a message', async () => {
  const lines: string[] = [];
  await using bridge = await aBridge({ onStderr: (line) => lines.push(line) });
  const client = await aClient(bridge);
  const hanging = client.call(5, 'hang');
  await until(() => lines.length > 0);
  await client.send({ method: 'notifications/cancelled', params: { requestId: 5 } });
  assert.deepEqual((await hanging).messages, []);
  assert.equal(textOf(await client.call(7, 'cancelled')), '[5]');
});

test('does not cancel when a legacy client leaves, and drops the answer', async () => {
  const lines: string[] = [];
  await using bridge = await aBridge({ onStderr: (line) => lines.push(line) });
  const client = await aClient(bridge);
  const leave = new AbortController();
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'meet' } });
  const headers = { ...client.headers, 'Content-Type': 'application/json' };
  const left = fetch(bridge.url, { method: 'POST', headers, body, signal: leave.signal });
  await until(() => lines.length > 0);
  leave.abort();
  await assert.rejects(left);
  assert.equal(textOf(await client.call(3, 'meet', { value: 'met' })), 'met');
  assert.equal(textOf(await client.call(4, 'cancelled')), '[]');
});

test('passes standard error on by line', async () => {
  const lines: string[] = [];
  await using bridge = await aBridge({ onStderr: (line) => lines.push(line) });
  const client = await aClient(bridge);
  const hanging = client.call(1, 'hang');
  await until(() => lines.length > 0);
  assert.deepEqual(lines, ['hanging']);
  await client.end();
  await hanging;
});

const REFUSALS: readonly {
  readonly name: string;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
  readonly status: number;
  readonly code?: number;
}[] = [
  { name: 'a batch', body: [INITIALIZE], status: 400, code: -32600 },
  { name: 'what is not JSON', body: '{', status: 400, code: -32700 },
  { name: 'what is not JSON-RPC', body: { id: 1, method: 'ping' }, status: 400, code: -32600 },
  { name: 'a member that is there twice', body: '{"jsonrpc":"2.0","id":1,"method":"ping","method":"x"}', status: 400 },
  { name: 'a member in another case', body: '{"jsonrpc":"2.0","id":1,"method":"ping","Method":"x"}', status: 400 },
  { name: 'an id that cannot be exact', body: '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}', status: 400 },
  { name: 'a request without session', body: { jsonrpc: '2.0', id: 1, method: 'ping' }, status: 400 },
  {
    name: 'an unknown session',
    body: { jsonrpc: '2.0', id: 1, method: 'ping' },
    headers: { 'Mcp-Session-Id': 'nobody' },
    status: 404,
  },
  { name: 'a body beyond the limit', body: { ...INITIALIZE, x: 'x'.repeat(100_000) }, status: 413 },
  { name: 'another content type', body: INITIALIZE, headers: { 'Content-Type': 'text/plain' }, status: 415 },
  { name: 'a foreign Origin', body: INITIALIZE, headers: { Origin: 'http://evil.example' }, status: 403 },
  { name: 'an unknown version', body: INITIALIZE, headers: { 'MCP-Protocol-Version': '1999-01-01' }, status: 400 },
  {
    name: 'a modern header on a message without envelope',
    body: INITIALIZE,
    headers: { 'MCP-Protocol-Version': '2026-07-28' },
    status: 400,
    code: -32020,
  },
];

test('refuses', async (t) => {
  await using bridge = await aBridge();
  for (const { name, body, headers, status, code } of REFUSALS) {
    await t.test(name, async () => {
      const answer = await post(bridge, body, headers);
      assert.equal(answer.status, status);
      if (code !== undefined) assert.equal(answer.messages[0]?.error?.code, code);
      assert.notEqual(answer.messages[0]?.error, undefined);
    });
  }
  assert.equal(bridge.sessions(), 0);
  assert.equal((await fetch(bridge.url, { method: 'PUT' })).headers.get('allow'), 'GET, POST, DELETE');
  assert.equal((await fetch(new URL('/other', bridge.url))).status, 404);
});

test('refuses a Host that is a name of somebody else', async () => {
  await using bridge = await aBridge();
  const status = await new Promise((resolve, reject) => {
    request(bridge.url, { headers: { Host: 'rebound.example' } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
  assert.equal(status, 403);
});

test('refuses more sessions than it may have', async () => {
  await using bridge = await aBridge({ maxSessions: 1 });
  const client = await aClient(bridge);
  assert.equal((await aClient(bridge)).hello.status, 503);
  await client.end();
  assert.equal((await aClient(bridge)).hello.status, 200);
});

const ENVELOPE = {
  _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  },
};
const DISCOVER = { jsonrpc: '2.0', id: 'd', method: 'server/discover', params: ENVELOPE };
const DISCOVER_HEADERS = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'server/discover' };

test('serves the stateless era without a session', async () => {
  await using bridge = await aBridge({}, 'modern');
  const answer = await post(bridge, DISCOVER, DISCOVER_HEADERS);
  assert.equal(answer.status, 200);
  assert.equal(answer.messages[0]?.id, 'd');
  assert.equal(answer.session, '');
  assert.equal(bridge.sessions(), 0);
  assert.equal((await post(bridge, DISCOVER, { ...DISCOVER_HEADERS, 'Mcp-Method': 'tools/list' })).status, 400);
});

test('tells that a legacy server does not know the stateless era, and keeps no process for it', async () => {
  await using bridge = await aBridge();
  for (const id of ['d', 'e']) {
    const answer = await post(bridge, { ...DISCOVER, id }, DISCOVER_HEADERS);
    assert.equal(answer.status, 404);
    assert.equal(answer.messages[0]?.id, id);
    assert.equal(answer.messages[0]?.error?.code, -32601);
  }
  await until(() => bridge.pids().length === 0);

  await using dying = await aBridge({}, 'dies');
  assert.equal((await post(dying, DISCOVER, DISCOVER_HEADERS)).status, 404);
});

test('cancels a stateless request when its client leaves', async () => {
  const lines: string[] = [];
  await using bridge = await aBridge({ onStderr: (line) => lines.push(line) }, 'modern');
  const headers = { ...DISCOVER_HEADERS, 'Mcp-Method': 'tools/call', 'Content-Type': 'application/json' };
  const call = (name: string) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, ...ENVELOPE } });
  const leave = new AbortController();
  const left = fetch(bridge.url, {
    method: 'POST',
    headers: { ...headers, 'Mcp-Name': 'hang' },
    body: JSON.stringify(call('hang')),
    signal: leave.signal,
  });
  await until(() => lines.length > 0);
  leave.abort();
  await assert.rejects(left);
  let seen: string | undefined;
  while (seen !== '[1]') seen = textOf(await post(bridge, call('cancelled'), { ...headers, 'Mcp-Name': 'cancelled' }));
});
