import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBench, testDocument } from '../../testing/bench.ts';
import { BOB, startLegacyBench } from '../../testing/legacy-bench.ts';
import { type LegacyServer, type Said, scriptLegacyServer } from '../../testing/legacy-server.ts';
import { askAsModern } from '../../testing/modern-caller.ts';

const READ = { name: 'read', arguments: {} } as const;
const CAN_ASK = { roots: {} } as const;

function plainServer(): LegacyServer {
  return scriptLegacyServer({
    on: {
      'tools/call': (_, turn) => turn.result('{"content":[]}'),
      'tools/list': (_, turn) => turn.result('{"tools":[]}'),
    },
  });
}

function opened({ said }: LegacyServer): readonly Said[] {
  return said.filter(({ method }) => method === 'initialize');
}

test('a session is shared by the requests of one caller with the same capabilities, and by nobody else', async () => {
  const server = plainServer();
  await using bench = await startLegacyBench(server);
  await Promise.all([1, 2, 3].map((id) => askAsModern(bench, 'tools/call', { id, params: READ })));
  assert.equal(opened(server).length, 1);
  await askAsModern(bench, 'tools/call', { params: READ, token: BOB });
  assert.equal(opened(server).length, 2);
  await askAsModern(bench, 'tools/call', { params: READ, capabilities: { elicitation: {}, roots: {} } });
  await askAsModern(bench, 'tools/call', { params: READ, capabilities: { roots: {}, elicitation: {} } });
  assert.equal(opened(server).length, 3);
});

test('the server is told who calls and what the caller can do, but for what is not carried', async () => {
  const server = plainServer();
  await using bench = await startLegacyBench(server);
  const extensions = { 'io.modelcontextprotocol/tasks': {}, 'com.example/own': { n: 1 } };
  const capabilities = { roots: { listChanged: true }, extensions, experimental: { x: {} } };
  await askAsModern(bench, 'tools/call', { params: READ, capabilities });
  const [first] = opened(server);
  assert.deepEqual(first?.message.params, {
    protocolVersion: '2025-11-25',
    capabilities: { roots: {}, extensions: { 'com.example/own': { n: 1 } }, experimental: { x: {} } },
    clientInfo: { name: 'test', version: '1' },
  });
  const methods = server.said.map(({ method }) => method);
  assert.deepEqual(methods.slice(0, 2), ['initialize', 'notifications/initialized']);
});

test('a list is asked for again in a new session where the server lost the old one', async () => {
  const server = plainServer();
  await using bench = await startLegacyBench(server);
  await askAsModern(bench, 'tools/list');
  server.forget();
  const { message } = await askAsModern(bench, 'tools/list');
  assert.equal(message.result?.resultType, 'complete');
  assert.equal(opened(server).length, 2);
});

test('a call is not made again where the server lost the session: the caller is told, and the next one works', async () => {
  const server = plainServer();
  await using bench = await startLegacyBench(server);
  await askAsModern(bench, 'tools/call', { params: READ });
  server.forget();
  const lost = await askAsModern(bench, 'tools/call', { params: READ });
  assert.equal(lost.status, 200);
  assert.equal(lost.message.error?.code, -32603);
  assert.match(lost.message.error?.message ?? '', /a new one begins with the next request/);
  assert.equal(server.said.filter(({ method }) => method === 'tools/call').length, 2, 'one before, one refused');
  const next = await askAsModern(bench, 'tools/call', { params: READ });
  assert.equal(next.message.result?.resultType, 'complete');
});

test('a server that restarts has the calls that were open fail', async () => {
  const server = scriptLegacyServer({
    on: { 'tools/call': () => {}, 'tools/list': (_, turn) => turn.result('{"tools":[]}') },
  });
  await using bench = await startLegacyBench(server);
  const open = askAsModern(bench, 'tools/call', { params: READ });
  await server.until(({ method }) => method === 'tools/call');
  server.forget();
  await askAsModern(bench, 'tools/list');
  const { status, message } = await open;
  assert.equal(status, 502);
  assert.match(message.error?.message ?? '', /ended the session/);
});

test('a stream that the server closes goes on after its last event', async () => {
  const server = scriptLegacyServer({
    on: {
      'tools/call': ({ message }, { response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('id: first\nretry: 1\ndata:\n\n');
        response.end();
        void server
          .until(({ method, headers }) => method === 'GET' && headers['last-event-id'] === 'first')
          .then(() => server.push(`{"jsonrpc":"2.0","id":${message.id},"result":{"content":[]}}`));
      },
    },
  });
  await using bench = await startLegacyBench(server);
  const { message } = await askAsModern(bench, 'tools/call', { params: READ });
  assert.equal(message.result?.resultType, 'complete');
});

test('a stream that ends without a result and cannot go on is a fault of the server', async () => {
  const server = scriptLegacyServer({
    on: {
      'tools/call': (_, { response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(': nothing\n\n');
      },
    },
  });
  await using bench = await startLegacyBench(server);
  const { status } = await askAsModern(bench, 'tools/call', { params: READ });
  assert.equal(status, 502);
});

test('a session that nobody uses is ended', async () => {
  const server = plainServer();
  await using bench = await startLegacyBench(server, { pooledLimits: { sessions: { idleMs: 10 } } });
  await askAsModern(bench, 'tools/call', { params: READ });
  await server.until(({ method }) => method === 'DELETE');
  assert.equal(server.sessions.size, 0);
});

test('a caller has so many sessions at most: the one that is idle the longest makes room', async () => {
  const server = plainServer();
  await using bench = await startLegacyBench(server, { pooledLimits: { sessions: { maxPerPrincipal: 2 } } });
  for (const n of [1, 2, 3]) {
    await askAsModern(bench, 'tools/call', { params: READ, capabilities: { experimental: { [`x${n}`]: {} } } });
  }
  const ended = await server.until(({ method }) => method === 'DELETE');
  assert.equal(ended.session, 'session-1');
  assert.equal(server.sessions.size, 2);
});

test('sessions that are all in use leave no room: the caller is asked to come back', async () => {
  const server = scriptLegacyServer({ on: { 'tools/call': () => {} } });
  await using bench = await startLegacyBench(server, { pooledLimits: { sessions: { maxPerPrincipal: 1 } } });
  const leaving = new AbortController();
  const open = askAsModern(bench, 'tools/call', { params: READ, signal: leaving.signal });
  await server.until(({ method }) => method === 'tools/call');
  const { status, message } = await askAsModern(bench, 'tools/call', { params: READ, capabilities: CAN_ASK });
  assert.equal(status, 503);
  assert.equal(message.error?.data?.['reason'], 'overloaded');
  leaving.abort();
  await assert.rejects(open);
});

test('a server that does not open a session is not available, and is asked again next time', async () => {
  let isBroken = true;
  const server = plainServer();
  await using bench = await startBench({
    document: testDocument(),
    probes: 'seen',
    answer: (seen, response, request) => {
      const isOpening = seen.body.includes('"initialize"') && seen.body.includes('"test"');
      if (isBroken && isOpening) response.writeHead(500).end();
      else server.answer(seen, response, request);
    },
  });
  const failed = await askAsModern(bench, 'tools/call', { params: READ });
  assert.equal(failed.status, 502);
  isBroken = false;
  const next = await askAsModern(bench, 'tools/call', { params: READ });
  assert.equal(next.message.result?.resultType, 'complete');
});
