import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { type Bench, OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { type Answer, sendJson } from '../testing/upstream.ts';

const document = testDocument({ auth: { mode: 'header' }, session: { required: false } });
const ALICE = { 'x-mcp-human-id': 'alice', 'x-mcp-agent-id': 'agent' };
const INITIALIZE = { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} };
const shared = { sessionKeys: [randomBytes(32)], trustHeadersFrom: ['127.0.0.0/8'] };

test('a session that one replica opened goes on through another when the first is gone', async () => {
  await using first = await startBench({ answer: inSession('abc'), document, options: shared });
  await using second = await startBench({ answer: inSession('other'), document, options: shared });
  pointAt(second, first.upstream.url);
  const session = await sessionOf(await first.post(INITIALIZE, ALICE));
  await first.gateway.close();
  const answer = await second.post(callOf('read'), { ...ALICE, ...session });
  assert.deepEqual(await answer.json(), OK_RESULT);
  assert.equal(first.upstream.seen.at(-1)?.headers['mcp-session-id'], 'abc');
  assert.equal(second.upstream.seen.length, 0);
});

/** How servers say that they do not know a session: MCP's 404, and what is met in the field. */
const LOST: readonly (readonly [title: string, status: number, message: string])[] = [
  ['404', 404, 'Session not found'],
  ['400 about the session', 400, 'Bad Request: No valid session ID provided'],
];

for (const [title, status, message] of LOST) {
  test(`a server that answers ${title} makes the client initialise again`, async () => {
    const answer: Answer = (seen, response) => {
      if (seen.headers['mcp-session-id'] === undefined) return inSession('abc')(seen, response);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32000, message } }));
    };
    await using bench = await startBench({ answer, document, options: shared });
    const session = await sessionOf(await bench.post(INITIALIZE, ALICE));
    assert.equal((await bench.post(callOf('read'), { ...ALICE, ...session })).status, 404);
    assert.equal((await bench.post(INITIALIZE, ALICE)).status, 200);
  });
}

test('another 400 within a session stays what it is, to the byte', async () => {
  const body = '{ "jsonrpc":"2.0","id":null, "error":{"code":-32000,"message":"Bad Request: unsupported version"}}';
  await using bench = await startBench({
    answer: (seen, response) => {
      if (seen.headers['mcp-session-id'] === undefined) return inSession('abc')(seen, response);
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(body);
    },
    document,
    options: shared,
  });
  const session = await sessionOf(await bench.post(INITIALIZE, ALICE));
  const answer = await bench.post(callOf('read'), { ...ALICE, ...session });
  assert.deepEqual([answer.status, await answer.text()], [400, body]);
});

test('a session of a server that is at another address now does not exist any more', async () => {
  await using first = await startBench({ answer: inSession('abc'), document, options: shared });
  await using moved = await startBench({ answer: inSession('abc'), document, options: shared });
  const session = await sessionOf(await first.post(INITIALIZE, ALICE));
  pointAt(first, moved.upstream.url);
  assert.equal((await first.post(callOf('read'), { ...ALICE, ...session })).status, 404);
  assert.equal(moved.upstream.seen.length, 0);
});

function inSession(id: string): (...given: [unknown, Parameters<Answer>[1]]) => void {
  return (_, response) => sendJson(response, OK_RESULT, { 'mcp-session-id': id });
}

function pointAt({ gateway }: Bench, upstream: URL): void {
  const [route] = gateway.routes.all();
  assert.ok(route);
  gateway.routes.set({ ...route, upstream });
}

async function sessionOf(response: Response): Promise<{ readonly 'mcp-session-id': string }> {
  await response.text();
  return { 'mcp-session-id': response.headers.get('mcp-session-id') ?? '' };
}
