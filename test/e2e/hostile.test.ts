/** Requests that mean to confuse: refused, recorded, and the runtime goes on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { HEADERS } from '@mcp-runtime/api';
import { type Agent, type Answer, bearer, openAgent, post } from '../support/agent.ts';
import { CALL, HOSTILE_CASES } from '../support/hostile-cases.ts';
import { HAS_PROC, serversOf } from '../support/processes.ts';
import { ROOT } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { type Up, startUpReady } from '../support/up.ts';

const MAX_BODY_BYTES = 4 * 1024 * 1024;

const opened = new AsyncDisposableStack();
let up: Up;
let url: string;
let token: string;
let agent: Agent;
let servers: readonly number[];

before(async () => {
  const folder = opened.use(await tempDir());
  const files = [join(ROOT, 'test/e2e/testdata/load.yaml')];
  up = opened.use(await startUpReady({ dataDir: folder.path, files }));
  url = `${up.gatewayUrl}/memory/mcp`;
  token = await up.token('loader-memory');
  agent = await openAgent(url, bearer(token));
  if (HAS_PROC) servers = await serversOf(folder.path);
});

after(() => opened.disposeAsync());

/** The record of a refusal, and a call of somebody else that works as before. */
async function assertRefused({ requestId, verdict, text }: Answer, reason: string): Promise<void> {
  assert.equal(verdict, reason, text);
  const events = await up.events();
  const record = events.find(({ payload }) => payload.request_id === requestId);
  assert.equal(record?.payload.decision, 'deny');
  assert.equal(record.payload.reason, reason);
  assert.equal((await agent.call('read_graph')).verdict, 'allowed');
}

for (const { id, body, headers = {}, status, reason } of HOSTILE_CASES) {
  test(`${id}: refused and recorded`, async () => {
    const answer = await post({ url, body, headers: { ...bearer(token), ...headers } });
    assert.equal(answer.status, status, answer.text);
    await assertRefused(answer, reason);
  });
}

test('a body over the limit is refused and recorded, while it is still being sent', async () => {
  const body = CALL.replace('{}', `{"a":"${'a'.repeat(MAX_BODY_BYTES)}"}`);
  const answer = await post({ url, body, headers: bearer(token) });
  assert.equal(answer.status, 413);
  const reasons = (await up.events({ decision: 'deny' })).map(({ payload }) => payload.reason);
  assert.ok(reasons.includes('request_too_large'), reasons.join(' '));
  assert.equal((await agent.call('read_graph')).verdict, 'allowed');
});

test('credentials that do not hold', async () => {
  const parts = token.split('.');
  const cases = [
    ['missing_bearer_token', {}],
    ['missing_bearer_token', { [HEADERS.agentId]: 'loader', [HEADERS.humanId]: 'alice@example.com' }],
    ['missing_bearer_token', { [HEADERS.authorization]: 'Basic bG9hZGVyOg==' }],
    ['invalid_token', bearer('a.b.c')],
    ['invalid_token', bearer(`${parts[0]}.${parts[1]}.`)],
    ['invalid_token', bearer(`${Buffer.from('{"alg":"none"}').toString('base64url')}.${parts[1]}.`)],
    ['invalid_token', bearer(await up.token('loader-files'))],
  ] as const;
  for (const [reason, headers] of cases) {
    const answer = await post({ url, body: CALL, headers });
    assert.equal(answer.status, 401);
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
    await assertRefused(answer, reason);
  }
});

test('identity headers beside a token change nothing', async () => {
  const forged = { [HEADERS.agentId]: 'admin', [HEADERS.humanId]: 'root', 'x-forwarded-for': '10.0.0.1' };
  const other = await openAgent(url, { ...bearer(token), ...forged });
  const { requestId, verdict } = await other.call('read_graph');
  assert.equal(verdict, 'allowed');
  const record = (await up.events()).find(({ payload }) => payload.request_id === requestId);
  assert.equal(record?.payload.agent_id, 'loader');
  assert.equal(record.payload.human_id, '');
});

test('another Host or Origin is refused before anything else', async () => {
  for (const headers of [{ host: 'evil.example' }, { origin: 'http://evil.example' }, { origin: 'null' }]) {
    const { statusCode } = await send({ ...bearer(token), ...headers });
    assert.equal(statusCode, 403, JSON.stringify(headers));
  }
  assert.equal((await agent.call('read_graph')).verdict, 'allowed');
});

/** Headers that `fetch` does not let anybody set. */
async function send(headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
  const sent = request(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers } });
  sent.end(CALL);
  const answered = Promise.withResolvers<IncomingMessage>();
  sent.once('response', answered.resolve).once('error', answered.reject);
  const response = await answered.promise;
  await text(response);
  return response;
}

test('paths that nobody serves, and other spellings of one, are not found', async () => {
  for (const path of ['/', '/memory', '/memory/mcp/', '//memory/mcp', '/memory/%6dcp', '/files/../memory/mcp/x']) {
    const response = await fetch(`${up.gatewayUrl}${path}`, { method: 'POST', headers: bearer(token), body: CALL });
    assert.equal(response.status, 404, path);
    await response.body?.cancel();
  }
});

test('what is not HTTP, or could be read in two ways, is answered with 400', async () => {
  const { hostname, port } = new URL(up.gatewayUrl);
  const head = 'POST /memory/mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n';
  const requests = [
    'this is not HTTP\r\n\r\n',
    `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`,
    `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    `${head}X-Header : value\r\nContent-Length: 0\r\n\r\n`,
  ];
  for (const bytes of requests) {
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(bytes);
    assert.match(await text(socket), /^HTTP\/1\.1 400 /, bytes);
  }
  assert.equal((await agent.call('read_graph')).verdict, 'allowed');
});

test('callers that leave in the middle of their request harm nobody', async () => {
  const { hostname, port } = new URL(up.gatewayUrl);
  const head = `POST /memory/mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n`;
  for (let n = 0; n < 50; n++) {
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(`${head}Authorization: Bearer ${token}\r\nContent-Length: ${CALL.length}\r\n\r\n${CALL.slice(0, n)}`);
    socket.destroy();
  }
  assert.equal((await agent.call('read_graph')).verdict, 'allowed');
});

test('after all of it the same processes run and the audit log is whole', async () => {
  assert.ok((await up.verify()).ok);
  if (HAS_PROC) assert.deepEqual(await serversOf(up.dataDir), servers);
  assert.equal(up.program.stderr().match(/"level":[56]0/g), null, up.program.stderr());
});
