import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { type LogFields, type Logger } from '@mcp-runtime/base';
import { DEFAULT_LIMITS } from '../options.ts';
import { OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { bearer, errorOf } from '../testing/caller.ts';
import { type Answer, sendJson } from '../testing/upstream.ts';

const LONG_MS = 60_000;

/** A server whose calls end when the test says so; its GET streams stay open. */
function slowServer(): { readonly answer: Answer; readonly called: Promise<void>; readonly finish: () => void } {
  const called = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const answer: Answer = ({ method }, response) => {
    if (method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': open\n\n');
      return;
    }
    called.resolve();
    void finish.promise.then(() => sendJson(response, OK_RESULT));
  };
  return { answer, called: called.promise, finish: () => finish.resolve() };
}

test('calls in progress finish, streams end with a reason, and nothing new is taken', async () => {
  const { answer, called, finish } = slowServer();
  const admin = { host: '127.0.0.1', port: 0 };
  await using bench = await startBench({
    answer,
    document: testDocument(),
    options: { drainMs: LONG_MS, adminListen: admin },
  });
  const auth = await bearer(bench);
  const stream = await fetch(bench.url, { headers: { ...auth, accept: 'text/event-stream' } });
  const call = bench.post(callOf('read'), auth);
  await called;

  const closed = bench.gateway.close();
  assert.match(await stream.text(), /^: service_unavailable$/m);
  const ready = await fetch(`${bench.gateway.adminUrl}/ready`);
  assert.deepEqual(
    [ready.status, await ready.json()],
    [503, { status: 'not_ready', reason: 'draining', reasons: ['draining'] }],
  );
  const { hostname, port } = new URL(bench.url);
  await assert.rejects(once(connect(Number(port), hostname), 'connect'), { code: 'ECONNREFUSED' });

  finish();
  const answered = await call;
  assert.equal(answered.status, 200);
  assert.deepEqual(await answered.json(), OK_RESULT);
  await closed;
  assert.deepEqual(
    bench.events.map(({ payload }) => [payload.method, payload.outcome]),
    [
      ['GET', 'ok'],
      ['POST', 'ok'],
    ],
  );
});

test('who calls again on an open connection is answered, and told that it was the last time', async () => {
  const answer: Answer = (_, response) => sendJson(response, OK_RESULT);
  await using bench = await startBench({ answer, document: testDocument(), options: { drainMs: LONG_MS } });
  using agent = keepAliveAgent();
  const auth = await bearer(bench);
  const call = (): Promise<IncomingMessage> => postWith(agent, bench.url, { ...auth, ...JSON_HEADERS }, callOf('read'));
  assert.equal((await call()).headers.connection, 'keep-alive');
  const closed = bench.gateway.close();
  const last = await call();
  assert.deepEqual([last.statusCode, last.headers.connection], [200, 'close']);
  await closed;
});

test('a call that takes longer than it may is refused in its own form', async () => {
  const { answer, called } = slowServer();
  await using bench = await startBench({ answer, document: testDocument(), options: { drainMs: 10 } });
  const call = bench.post(callOf('read'), await bearer(bench));
  await called;
  await bench.gateway.close();
  const answered = await call;
  assert.equal(answered.status, 503);
  assert.equal((await errorOf(answered)).reason, 'service_unavailable');
});

test('other limits count for the next request, and open streams do not notice', async () => {
  const { answer } = slowServer();
  await using bench = await startBench({ answer, document: testDocument() });
  const auth = await bearer(bench);
  const stop = new AbortController();
  const stream = await fetch(bench.url, { headers: { ...auth, accept: 'text/event-stream' }, signal: stop.signal });
  bench.gateway.reload({ limits: { ...DEFAULT_LIMITS, maxBodyBytes: 10 } });
  assert.equal((await bench.post(callOf('read'), auth)).status, 413);
  bench.gateway.reload({ limits: { ...DEFAULT_LIMITS, maxStreams: 1 } });
  assert.equal((await fetch(bench.url, { headers: { ...auth, accept: 'text/event-stream' } })).status, 503);
  assert.equal(bench.events.filter(({ payload }) => payload.reason === 'service_unavailable').length, 0);
  assert.ok(stream.body !== null && !stream.bodyUsed);
  stop.abort();
});

test('session keys are replaced while sessions are open; those that are no keys change nothing', async () => {
  const answer: Answer = (_, response) => sendJson(response, OK_RESULT, { 'mcp-session-id': 'inner' });
  const [old, next] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  await using bench = await startBench({ answer, document: testDocument(), options: { sessionKeys: [old] } });
  const auth = await bearer(bench);
  const opened = await bench.post(callOf('read'), auth);
  const session = { ...auth, 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
  const statusOf = async (): Promise<number> => (await bench.post(callOf('read'), session)).status;
  bench.gateway.reload({ limits: DEFAULT_LIMITS, sessionKeys: [next, old] });
  assert.equal(await statusOf(), 200);
  assert.throws(() => bench.gateway.reload({ limits: DEFAULT_LIMITS, sessionKeys: [Buffer.alloc(3)] }), {
    code: 'invalid_config',
  });
  assert.equal(await statusOf(), 200);
  bench.gateway.reload({ limits: DEFAULT_LIMITS, sessionKeys: [next] });
  assert.equal(await statusOf(), 404);
});

test('one line for each refusal and failure, none for an allowed call, and never a secret or an argument', async () => {
  const lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[] = [];
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, fields });
  const log: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), with: () => log };
  const answer: Answer = (_, response) => void response.writeHead(401).end();
  await using bench = await startBench({ answer, document: testDocument(), options: { log } });
  const auth = await bearer(bench);
  const refused = await bench.post(callOf('write'), auth);
  await bench.post(callOf('read'), { authorization: 'Bearer not-a-token' });
  await bench.post(callOf('read'), auth);
  await fetch(`${bench.gateway.url}/nothing?token=hidden`);
  assert.deepEqual(
    lines.map(({ level, message, fields }) => [level, message, fields['reason']]),
    [
      ['info', 'a call was refused', 'side_effect_not_allowed'],
      ['info', 'a call was refused', 'invalid_token'],
      ['warn', 'an MCP server failed', 'allowed'],
      ['info', 'a request was refused', 'not_found'],
    ],
  );
  assert.equal(lines[0]?.fields['requestId'], refused.headers.get('x-request-id'));
  assert.equal(lines[0].fields['called'], 'write');
  assert.doesNotMatch(JSON.stringify(lines), /not-a-token|hidden|"path":"a"|eyJ/);
});

const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** One connection, used again. */
function keepAliveAgent(): Agent & Disposable {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return Object.assign(agent, { [Symbol.dispose]: () => agent.destroy() });
}

async function postWith(
  agent: Agent,
  url: string,
  headers: OutgoingHttpHeaders,
  body: unknown,
): Promise<IncomingMessage> {
  const sent = request(url, { method: 'POST', agent, headers }).end(JSON.stringify(body));
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  sent.once('response', resolve).once('error', reject);
  const response = await promise;
  await once(response.resume(), 'end');
  return response;
}
