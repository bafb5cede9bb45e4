import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { listenOn } from '@mcp-runtime/base';
import { type Endpoints, type TrackState, createEndpoints } from './endpoints.ts';
import { type Bench, OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { type TestUpstream, sendJson, startTestUpstream } from '../testing/upstream.ts';

const document = testDocument({ auth: { mode: 'header' }, session: { required: false } });
const ALICE = { 'x-mcp-human-id': 'alice', 'x-mcp-agent-id': 'agent' };
const INITIALIZE = { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} };
const shared = { sessionKeys: [randomBytes(32)], trustHeadersFrom: ['127.0.0.0/8'] };
const NOBODY: readonly URL[] = [];

test('tracks take turns by their weights, whatever the order of the calls', () => {
  const endpoints = createEndpoints();
  endpoints.replace([track('stable', 90, [1, 2]), track('canary', 10, [3])]);
  const picks = Array.from({ length: 200 }, () => endpoints.pick()?.track.name);
  assert.equal(picks.filter((name) => name === 'canary').length, 20);
});

test('a track without a share or without ready endpoints gets nothing new', () => {
  const endpoints = createEndpoints();
  endpoints.replace([track('stable', 100, [1]), track('canary', 0, [2])]);
  assert.ok(Array.from({ length: 50 }, () => endpoints.pick()?.track.name).every((name) => name === 'stable'));
  endpoints.replace([track('stable', 10, [1]), track('canary', 90, [])]);
  assert.equal(endpoints.pick()?.track.name, 'stable');
  endpoints.replace([track('stable', 0, [1]), track('canary', 0, [2])]);
  assert.equal(endpoints.pick(), undefined);
});

test('within a track the least busy endpoint is picked, and one that cannot be connected to is passed over for a while', () => {
  let now = 0;
  const endpoints = createEndpoints(() => now);
  endpoints.replace([track('stable', 1, [1, 2, 3])]);
  const [first, second, third] = [1, 2, 3].map((port) => endpoints.find(`10.0.0.1:${port}`) ?? assert.fail());
  assert.ok(first && second && third);
  first.inFlight = 2;
  second.inFlight = 1;
  assert.equal(endpoints.pick(), third);
  endpoints.avoid(third);
  assert.equal(endpoints.pick(), second);
  endpoints.avoid(first);
  endpoints.avoid(second);
  assert.equal(endpoints.pick(), third, 'all are avoided: one of them may be back');
  now = 60_000;
  assert.equal(endpoints.pick(), third);
});

test('one that leaves is found by what belongs to it, and by nothing new', () => {
  const endpoints = createEndpoints();
  endpoints.replace([{ ...track('stable', 1, [1]), leaving: [urlAt(2)] }]);
  assert.equal(endpoints.find('10.0.0.1:2')?.name, '10.0.0.1:2');
  assert.ok(Array.from({ length: 10 }, () => endpoints.pick()?.name).every((name) => name === '10.0.0.1:1'));
  endpoints.replace([track('stable', 1, [1])]);
  assert.equal(endpoints.find('10.0.0.1:2'), undefined);
});

test('a session goes on at the instance that opened it, through every gateway, until that one is gone', async () => {
  await using a = await instance('a');
  await using b = await instance('b');
  await using first = await gatewayOf([a, b]);
  await using second = await gatewayOf([a, b]);
  for (const bench of [first, second, first, second]) {
    const opened = await bench.post(INITIALIZE, ALICE);
    await opened.text();
    const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
    const home = a.seen.at(-1)?.body === JSON.stringify(INITIALIZE) ? a : b;
    const away = home === a ? b : a;
    const before = away.seen.length;
    for (const other of [first, second, first]) {
      const answer = await other.post(callOf('read'), { ...ALICE, ...session });
      assert.deepEqual(await answer.json(), OK_RESULT);
    }
    assert.equal(away.seen.length, before);
    assert.equal(home.seen.at(-1)?.headers['mcp-session-id'], home === a ? 'a' : 'b');
  }
  const opened = await first.post(INITIALIZE, ALICE);
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
  const left = a.seen.at(-1)?.body === JSON.stringify(INITIALIZE) ? b : a;
  for (const bench of [first, second]) bench.endpoints.replace([stateOf([left.url])]);
  assert.equal((await second.post(callOf('read'), { ...ALICE, ...session })).status, 404);
  assert.equal((await second.post(INITIALIZE, ALICE)).status, 200);
});

test('what cannot be connected to is tried elsewhere once; what was sent is not', async () => {
  await using alive = await instance('alive');
  await using breaks = await startTestUpstream((_, response) => void response.destroy());
  const dead = await deadUrl();
  await using bench = await gatewayOf([alive]);
  bench.endpoints.replace([stateOf([dead, alive.url])]);
  for (let n = 0; n < 6; n += 1) assert.equal((await bench.post(INITIALIZE, ALICE)).status, 200);
  assert.equal(alive.seen.length, 6);
  bench.endpoints.replace([stateOf([breaks.url, alive.url])]);
  const busy = bench.endpoints.find(alive.url.host) ?? assert.fail();
  busy.inFlight += 10;
  assert.equal((await bench.post(INITIALIZE, ALICE)).status, 502);
  assert.equal(breaks.seen.length, 1);
  assert.equal(alive.seen.length, 6);
});

test('a session of an instance that cannot be connected to is not sent to another one', async () => {
  await using alive = await instance('alive');
  await using bench = await gatewayOf([alive]);
  const stopped = await instance('stopped');
  bench.endpoints.replace([stateOf([stopped.url])]);
  const opened = await bench.post(INITIALIZE, ALICE);
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
  bench.endpoints.replace([stateOf([stopped.url, alive.url])]);
  await stopped[Symbol.asyncDispose]();
  assert.equal((await bench.post(callOf('read'), { ...ALICE, ...session })).status, 502);
  assert.equal(alive.seen.length, 0);
});

test('requests and errors are counted by track, and told to operators', async () => {
  await using good = await instance('good');
  await using bad = await startTestUpstream((_, response) => {
    response.writeHead(500);
    response.end();
  });
  await using bench = await gatewayOf([good]);
  bench.endpoints.replace([
    { track: 'stable', weight: 1, ready: [good.url], leaving: NOBODY },
    { track: 'canary', weight: 1, ready: [bad.url], leaving: NOBODY },
  ]);
  for (let n = 0; n < 4; n += 1) await bench.post(INITIALIZE, ALICE);
  const status = await (await fetch(`${bench.gateway.adminUrl}/config/status`)).text();
  assert.match(status, /"tracks":\[\{"name":"stable","requests":2,"errors":0,"failures":0,"weight":1,"ready":1\}/);
  assert.match(status, /\{"name":"canary","requests":2,"errors":2,"failures":0,"weight":1,"ready":1\}/);
  const metrics = await (await fetch(`${bench.gateway.adminUrl}/metrics`)).text();
  assert.match(metrics, /mcp_gateway_track_requests_total\{[^}]*track="canary",outcome="error"\} 2/);
  assert.match(metrics, /mcp_gateway_track_endpoints\{[^}]*track="stable"\} 1/);
});

test('answers that are errors of MCP are counted apart, and what the runtime itself asks is not counted', async () => {
  await using failing = await startTestUpstream((_, response) =>
    sendJson(response, { jsonrpc: '2.0', id: 1, error: { code: -32_603, message: 'x' } }),
  );
  const byToken = testDocument({ auth: { mode: 'token' }, session: { required: false } });
  await using bench = await gatewayOf([failing], byToken);
  const ask = async (use: string): Promise<void> => {
    const token = await bench.token({ token_use: use });
    await (await bench.post(INITIALIZE, { authorization: `Bearer ${token}` })).text();
  };
  await ask('session');
  await ask('probe');
  const [counts] = bench.endpoints.tracks();
  assert.deepEqual([counts?.requests, counts?.errors, counts?.failures], [1, 0, 1]);
});

test('the runtime’s own check reaches the version that it names, whatever its share, and nobody else chooses', async () => {
  await using stable = await instance('stable');
  await using canary = await instance('canary');
  const byToken = testDocument({ auth: { mode: 'token' }, session: { required: false } });
  await using bench = await gatewayOf([], byToken);
  bench.endpoints.replace([
    stateOf([stable.url]),
    { track: 'canary', weight: 0, ready: [canary.url], leaving: NOBODY },
  ]);
  const ask = async (use: string): Promise<void> => {
    const token = await bench.token({ token_use: use });
    const headers = { authorization: `Bearer ${token}`, 'x-mcp-rollout-track': 'canary' };
    await (await bench.post(INITIALIZE, headers)).text();
  };
  await ask('probe');
  assert.deepEqual([stable.seen.length, canary.seen.length], [0, 1]);
  await ask('session');
  assert.deepEqual([stable.seen.length, canary.seen.length], [1, 1]);
  assert.equal(canary.seen[0]?.headers['x-mcp-rollout-track'], undefined);
});

test('a server without an instance that is ready is unavailable', async () => {
  await using alive = await instance('alive');
  await using bench = await gatewayOf([alive]);
  bench.endpoints.replace([stateOf([])]);
  assert.equal((await bench.post(INITIALIZE, ALICE)).status, 502);
});

interface Balanced extends Bench {
  readonly endpoints: Endpoints;
}

async function gatewayOf(instances: readonly TestUpstream[], policy = document): Promise<Balanced> {
  const answer = (_: unknown, response: ServerResponse): void => sendJson(response, OK_RESULT);
  const bench = await startBench({ answer, document: policy, options: shared });
  const [route] = bench.gateway.routes.all();
  assert.ok(route);
  const endpoints = createEndpoints();
  endpoints.replace([stateOf(instances.map(({ url }) => url))]);
  bench.gateway.routes.set({ ...route, upstream: new URL('http://files.mcp-servers/mcp'), endpoints });
  return { ...bench, endpoints, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

/** A server that opens the session of its name. */
function instance(name: string): Promise<TestUpstream> {
  return startTestUpstream((seen, response) => {
    sendJson(response, OK_RESULT, seen.headers['mcp-session-id'] === undefined ? { 'mcp-session-id': name } : {});
  });
}

function stateOf(ready: readonly URL[]): TrackState {
  return { track: 'stable', weight: 100, ready, leaving: NOBODY };
}

function track(name: string, weight: number, ports: readonly number[]): TrackState {
  return { track: name, weight, ready: ports.map(urlAt), leaving: NOBODY };
}

function urlAt(port: number): URL {
  return new URL(`http://10.0.0.1:${port}/mcp`);
}

/** Where nothing listens. */
async function deadUrl(): Promise<URL> {
  const server = createServer();
  const port = await listenOn(server);
  await new Promise((resolve) => server.close(resolve));
  return new URL(`http://127.0.0.1:${port}/mcp`);
}
