import assert from 'node:assert/strict';
import { type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { isRecord, silentLogger } from '@mcp-runtime/base';
import { compilePolicy } from '@mcp-runtime/policy';
import { DEFAULT_LIMITS, type GatewayOptions } from '../../options.ts';
import { type Bench, startBench, testDocument } from '../../testing/bench.ts';
import { DONE, errorOf, readCall, resultOf, toolText } from '../../testing/bridged-bench.ts';
import { connectLegacy, membersOf } from '../../testing/legacy-client.ts';
import { startTestUpstream } from '../../testing/upstream.ts';
import { createHttpUpstream } from '../../upstream/http.ts';
import { endpointOf } from './endpoint.ts';
import { createHttpSse } from './http-sse.ts';

type Members = Readonly<Record<string, unknown>>;
interface Talk {
  /** Says a message on the stream. */
  readonly say: (message: object | string) => void;
  readonly stream: ServerResponse;
}
type React = (
  message: Members,
  talk: Talk,
) => void | { readonly status: number; readonly headers?: Record<string, string> };

interface SseBench extends AsyncDisposable {
  readonly bench: Bench;
  /** Messages that were posted, in order. */
  readonly posted: readonly Members[];
}

const INITIALIZED = {
  protocolVersion: '2024-11-05',
  capabilities: { tools: {} },
  serverInfo: { name: 's', version: '1' },
};

/** A server of HTTP+SSE that answers `initialize`, and everything else as the test says. Endpoints by stream, in order. */
async function startSse(
  react: React,
  endpoints: readonly string[] = [],
  options: Partial<GatewayOptions> = {},
): Promise<SseBench> {
  let streams = 0;
  const posted: Members[] = [];
  let talk: Talk | undefined;
  const bench = await startBench({
    document: testDocument(),
    probes: 'seen',
    options,
    answer: ({ method, body }, response, { url = '' }) => {
      if (method === 'GET') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`event: endpoint\ndata: ${endpoints[streams] ?? 'messages?s=1'}\n\n`);
        streams += 1;
        const say = (message: object | string): void => {
          const text = typeof message === 'string' ? message : JSON.stringify(message);
          response.write(`event: message\ndata: ${text}\n\n`);
        };
        talk = { say, stream: response };
        return;
      }
      if (url !== '/messages?s=1' || talk === undefined) return void response.writeHead(404).end();
      const message: unknown = JSON.parse(body);
      if (!isRecord(message)) return void response.writeHead(400).end();
      posted.push(message);
      if (message['method'] === 'initialize') talk.say({ jsonrpc: '2.0', id: message['id'], result: INITIALIZED });
      const { status, headers = {} } = (message['method'] === 'initialize' ? undefined : react(message, talk)) ?? {
        status: 202,
      };
      response.writeHead(status, headers).end();
    },
  });
  return { bench, posted, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

const answering: React = ({ id, method }, { say }) => {
  if (method === 'tools/call') say({ jsonrpc: '2.0', id, result: DONE });
};

test('a session is opened by initialize, and its messages are what the client sent, byte for byte', async () => {
  await using started = await startSse(answering);
  const { bench } = started;
  const client = await connectLegacy(bench, { version: '2024-11-05' });
  const capabilities = { tools: { listChanged: true } };
  assert.deepEqual(client.initialized, { ...INITIALIZED, capabilities }, 'the gateway tells of changes itself');
  const call = '{"id":1, "jsonrpc":"2.0","params":{"name":"read","arguments":{"n":1.0}},"method":"tools/call"}';
  await using heard = await client.send(call);
  assert.equal(toolText(await heard.next()), 'done');
  const sent = bench.upstream.seen.at(-1);
  assert.equal(sent?.body, call);
  assert.equal(sent.headers['mcp-session-id'], undefined);
  assert.equal(sent.headers['authorization'], undefined);
});

test('numbers and unknown members of an answer stay as they are', async () => {
  await using started = await startSse(({ method }, { say }) => {
    if (method === 'tools/call')
      say('{"jsonrpc":"2.0", "id":1,"result":{"content":[],"n":1.0,"big":12345678901234567890}}');
  });
  const { bench } = started;
  const client = await connectLegacy(bench);
  const headers = { authorization: `Bearer ${await bench.token()}`, 'mcp-session-id': client.sessionId };
  const answer = await bench.post(readCall(), headers);
  assert.match(await answer.text(), /"n":1\.0,"big":12345678901234567890/);
});

const ENDPOINTS: readonly (readonly [string, string | undefined])[] = [
  ['/messages?s=1', 'http://a.example:8080/messages?s=1'],
  ['messages', 'http://a.example:8080/in/messages'],
  ['http://a.example:8080/x', 'http://a.example:8080/x'],
  ['//b.example/x', undefined],
  ['http://b.example:8080/x', undefined],
  ['http://a.example/x', undefined],
  ['https://a.example:8080/x', undefined],
  ['http://user:secret@a.example:8080/x', undefined],
  ['javascript:alert(1)', undefined],
  ['http://[', undefined],
  ['/'.repeat(5000), undefined],
];

for (const [data, expected] of ENDPOINTS) {
  test(`the endpoint ${data.slice(0, 40)} of a stream is ${expected ?? 'refused'}`, () => {
    assert.equal(endpointOf(data, new URL('http://a.example:8080/in/sse'))?.href, expected);
  });
}

test('nothing is sent to an endpoint at another origin', async () => {
  await using elsewhere = await startTestUpstream((_, response) => void response.writeHead(202).end(), 'seen');
  await using started = await startSse(answering, ['messages?s=1', elsewhere.url.href]);
  const client = await connectLegacy(started.bench);
  assert.equal(client.initialized['message'], 'the MCP server names an endpoint that is none of its own');
  assert.equal(elsewhere.seen.length, 0);
});

test('a redirect of a message is not followed', async () => {
  await using elsewhere = await startTestUpstream((_, response) => void response.writeHead(202).end(), 'seen');
  await using started = await startSse(() => ({ status: 307, headers: { location: elsewhere.url.href } }));
  const client = await connectLegacy(started.bench);
  await using heard = await client.send(readCall());
  assert.equal(heard.status, 502);
  assert.equal(errorOf(await heard.next())['message'], 'the MCP server did not take the message');
  assert.equal(elsewhere.seen.length, 0);
});

test('a question goes to the call during which it comes, and is answered once', async () => {
  await using started = await startSse((message, { say }) => {
    if (message['method'] === 'tools/call') say({ jsonrpc: '2.0', id: 'q', method: 'roots/list' });
    if (message['id'] === 'q') say({ jsonrpc: '2.0', id: 1, result: { ...DONE, heard: message['result'] } });
  });
  const other = await connectLegacy(started.bench);
  const client = await connectLegacy(started.bench, { capabilities: { roots: {} } });
  const answer = { jsonrpc: '2.0', id: 'q', result: { roots: [] } };
  await using early = await client.send(answer);
  assert.equal(early.status, 400, 'nothing was asked yet');
  await using stream = await client.get();
  assert.equal(stream.status, 200);
  await using heard = await client.send(readCall());
  assert.equal((await heard.next())?.['method'], 'roots/list');
  await using foreign = await other.send(answer);
  assert.equal(foreign.status, 400, 'another session was not asked');
  await using taken = await client.send(answer);
  assert.equal(taken.status, 202);
  assert.deepEqual(resultOf(await heard.next())['heard'], { roots: [] });
  await using again = await client.send(answer);
  assert.equal(again.status, 400);
});

test('what belongs to no request waits for the GET stream; what cannot be read is dropped', async () => {
  await using started = await startSse(({ id, method }, { say }) => {
    if (method !== 'tools/call') return;
    say('{"jsonrpc":"2.0","method":"notifications/a","method":"notifications/b"}');
    say({ jsonrpc: '2.0', id: 77, result: {} });
    say({ jsonrpc: '2.0', id, result: DONE });
    say({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
  });
  const client = await connectLegacy(started.bench);
  await using heard = await client.send(readCall());
  assert.equal(toolText(await heard.next()), 'done');
  await using stream = await client.get();
  assert.deepEqual(await stream.next(), { jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
});

test('a server that forgot the session ends it', async () => {
  await using started = await startSse(({ method }) => ({ status: method === 'tools/call' ? 404 : 202 }));
  const client = await connectLegacy(started.bench);
  await using failed = await client.send(readCall());
  assert.equal(failed.status, 502);
  await using later = await client.send(readCall(2));
  assert.equal(later.status, 404);
});

test('a call that is open when the stream ends fails', async () => {
  await using started = await startSse((_, { stream }) => void stream.destroy());
  const client = await connectLegacy(started.bench);
  await using failed = await client.send(readCall());
  assert.equal(failed.status, 502);
});

test('two requests with one id at once are refused', async () => {
  const begun = Promise.withResolvers<Talk>();
  await using started = await startSse((message, talk) => {
    if (message['method'] === 'tools/call') begun.resolve(talk);
  });
  const client = await connectLegacy(started.bench);
  const first = client.send(readCall());
  const talk = await begun.promise;
  await using second = await client.send(readCall());
  assert.equal(errorOf(await second.next())['message'], 'a request with that id is open in this session');
  talk.say({ jsonrpc: '2.0', id: 1, result: DONE });
  await using heard = await first;
  assert.equal(toolText(await heard.next()), 'done');
});

test('calls are decided and recorded as any other, and lists are filtered', async () => {
  await using started = await startSse(({ id, method }, { say }) => {
    const tools = ['read', 'write'].map((name) => ({ name, inputSchema: { type: 'object' } }));
    if (method === 'tools/list') say({ jsonrpc: '2.0', id, result: { tools } });
  });
  const { bench, posted } = started;
  const client = await connectLegacy(bench);
  const { tools } = resultOf(await client.ask('tools/list'));
  assert.deepEqual(Array.isArray(tools) ? tools.map((tool) => membersOf(tool)['name']) : tools, ['read']);
  const denied = errorOf(await client.ask('tools/call', { name: 'write' }));
  assert.equal(membersOf(denied['data'])['reason'], 'side_effect_not_allowed');
  assert.deepEqual(
    posted.map(({ method }) => method),
    ['initialize', 'tools/list'],
  );
  assert.deepEqual(
    bench.events.map(({ payload }) => [payload.rpc_method, payload.decision]),
    [
      ['initialize', 'allow'],
      ['tools/list', 'allow'],
      ['tools/call', 'deny'],
    ],
  );
});

test('a request that takes too long is cancelled at the server', async () => {
  const cancelled = Promise.withResolvers<unknown>();
  const react: React = ({ method, params }) => {
    if (method === 'notifications/cancelled') cancelled.resolve(membersOf(params)['requestId']);
  };
  await using started = await startSse(react, [], { limits: { ...DEFAULT_LIMITS, answerTimeoutMs: 50 } });
  const client = await connectLegacy(started.bench);
  await using heard = await client.send(readCall('slow'));
  assert.equal(heard.status, 504);
  assert.equal(await cancelled.promise, 'slow');
});

test('a request that a change of policy ends is cancelled at the server', async () => {
  const begun = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<unknown>();
  await using started = await startSse(({ method, params }) => {
    if (method === 'tools/call') begun.resolve();
    if (method === 'notifications/cancelled') cancelled.resolve(membersOf(params)['requestId']);
  });
  const { bench } = started;
  const client = await connectLegacy(bench);
  const answer = client.send(readCall('open'));
  await begun.promise;
  bench.policy.publish(compilePolicy(testDocument({}, { allowed_side_effects: ['write'] })));
  await using heard = await answer;
  assert.equal(membersOf(errorOf(await heard.next())['data'])['reason'], 'side_effect_not_allowed');
  assert.equal(await cancelled.promise, 'open');
});

test('a GET stream that resumes is a new one, and takes the place of the one before', async () => {
  await using started = await startSse(({ method, id }, { say }) => {
    if (method !== 'tools/call') return;
    say({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
    say({ jsonrpc: '2.0', id, result: DONE });
  });
  const client = await connectLegacy(started.bench);
  await using first = await client.get();
  await using second = await client.get({ 'last-event-id': 'x' });
  assert.equal(await first.next(), undefined);
  await using heard = await client.send(readCall());
  assert.equal(toolText(await heard.next()), 'done');
  assert.equal((await second.next())?.['method'], 'notifications/tools/list_changed');
});

test('a session without a request or stream ends after a while, and no more than so many are open', async (t) => {
  await using started = await startSse(answering);
  const { upstream } = started.bench;
  const client = createHttpUpstream(() => Date.now());
  let now = 0;
  t.mock.timers.enable({ apis: ['setInterval'] });
  const httpSse = createHttpSse({ upstream: client, clock: () => now, log: silentLogger, limits: { maxSessions: 1 } });
  const initialize = { jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: '2024-11-05' } };

  /** The session id that the answer names, or what went wrong. */
  function send(headers: Record<string, string>, message: object): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const body = Buffer.from(JSON.stringify(message));
    const request = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body } as const;
    httpSse.send(
      upstream.url,
      { ...request, idleTimeoutMs: 0 },
      {
        onHead: (status, answer) => resolve(status === 200 ? String(answer['mcp-session-id']) : String(status)),
        onChunk: () => {},
        onEnd: () => {},
        onFailure: ({ code }) => resolve(code),
      },
    );
    return promise;
  }

  const sessionId = await send({}, initialize);
  assert.equal(httpSse.owns(sessionId), true);
  assert.equal(await send({}, initialize), 'overloaded');
  const notice = { jsonrpc: '2.0', method: 'notifications/initialized' };
  assert.equal(await send({ 'mcp-session-id': sessionId }, notice), '202');
  now += 600_000;
  t.mock.timers.tick(10_000);
  assert.equal(await send({ 'mcp-session-id': sessionId }, notice), '404', 'as on a replica that never had it');
  assert.match(await send({}, initialize), /^http-sse:/);
  await httpSse.close();
  await client.close();
});
