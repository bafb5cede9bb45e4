/** Requests that mean to confuse: refused, recorded, and the runtime goes on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { HEADERS } from '@mcp-runtime/api';
import { type Agent, type Answer, bearer, openAgent, post } from '../support/agent.ts';
import { GOOD_CALL as CALL } from '../hostile/good-call.ts';
import { differenceOf, portableCases } from '../hostile/run.ts';
import { HAS_PROC, serversOf } from '../support/processes.ts';
import { ROOT } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { type Up, startUpReady } from '../support/up.ts';

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

const cases = portableCases();

for (const one of cases) {
  test(`${one.id}: refused, and others are served`, async () => {
    assert.equal(await differenceOf(one, { url, token }), undefined);
    assert.equal((await agent.call('read_graph')).verdict, 'allowed');
  });
}

test('all of them are recorded', async () => {
  const recorded = (await up.events({ decision: 'deny' })).map(({ payload }) => payload.reason);
  // Whether it was seen that the caller went away depends on the moment.
  const reasons = cases.flatMap(({ expect: { recorded, reason = '', alsoRecorded } }) =>
    [recorded === 'the reason' ? reason : recorded, alsoRecorded ?? ''].filter(
      (one) => !['', 'canceled'].includes(one),
    ),
  );
  const countOf = (among: readonly string[], reason: string): number => among.filter((one) => one === reason).length;
  for (const reason of new Set(reasons)) assert.equal(countOf(recorded, reason), countOf(reasons, reason), reason);
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
