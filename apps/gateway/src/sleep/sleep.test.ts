import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayActivity, type ServerDefinitions } from '@mcp-runtime/api';
import { isRecord } from '@mcp-runtime/base';
import { compilePolicy } from '@mcp-runtime/policy';
import { type Endpoints, createEndpoints } from '../routes/endpoints.ts';
import { DEFAULT_LIMITS } from '../options.ts';
import { type Bench, OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { bearer } from '../testing/caller.ts';
import { askAsModern } from '../testing/modern-caller.ts';
import { type Answer, sendJson, startTestUpstream } from '../testing/upstream.ts';
import { type Sleeper, createSleeper } from './sleeper.ts';

const TOLD: ServerDefinitions = {
  schema_version: 'v1',
  server_info: { name: 'files', version: '1' },
  capabilities: { tools: {}, tasks: {} },
  tools: [{ name: 'read', inputSchema: { type: 'object' } }, { name: 'write' }],
};

interface Sleeping {
  readonly bench: Bench;
  readonly sleeper: Sleeper;
  readonly endpoints: Endpoints;
  readonly calls: string[];
  wake(): void;
  fallAsleep(): void;
  activity(query?: string): Promise<GatewayActivity>;
  listed(era: 'legacy' | 'modern'): Promise<readonly unknown[]>;
}

/** A server without an instance, behind a gateway that may wait for one. */
async function asleep(
  limits: Partial<typeof DEFAULT_LIMITS> = {},
  clock: () => number = () => 0,
): Promise<Sleeping & AsyncDisposable> {
  const calls: string[] = [];
  const answer: Answer = (seen, response) => {
    const body: unknown = JSON.parse(seen.body);
    const { method, id } = isRecord(body) ? body : {};
    calls.push(String(method));
    if (method === 'initialize') {
      const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'files', version: '1' } };
      return sendJson(response, { jsonrpc: '2.0', id, result }, { 'mcp-session-id': 'of-server' });
    }
    return sendJson(response, { ...OK_RESULT, id });
  };
  const bench = await startBench({
    answer,
    document: testDocument(),
    options: { limits: { ...DEFAULT_LIMITS, ...limits } },
  });
  const endpoints = createEndpoints();
  const sleeper = createSleeper(clock);
  sleeper.know(TOLD);
  const [route] = bench.gateway.routes.all();
  assert.ok(route !== undefined);
  bench.gateway.routes.set({ ...route, upstream: new URL('http://files.mcp-servers/'), endpoints, sleeper });
  const trackOf = (ready: readonly URL[]) => [{ track: 'stable', weight: 100, ready, leaving: [] }];
  return {
    bench,
    sleeper,
    endpoints,
    calls,
    wake: () => endpoints.replace(trackOf([bench.upstream.url])),
    fallAsleep: () => endpoints.replace(trackOf([])),
    activity: async (query = '') =>
      GatewayActivity.parse(await (await fetch(`${bench.gateway.adminUrl}/activity${query}`)).json()),
    listed: async (era) => {
      if (era === 'modern') return namesIn(await askAsModern(bench, 'tools/list').then(({ message }) => message));
      const response = await bench.post({ jsonrpc: '2.0', id: 7, method: 'tools/list' }, await bearer(bench));
      return namesIn(await response.json());
    },
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

function namesIn(message: unknown): readonly unknown[] {
  const result = isRecord(message) ? message['result'] : undefined;
  const tools = isRecord(result) ? result['tools'] : undefined;
  assert.ok(Array.isArray(tools), JSON.stringify(message));
  return tools.map((tool: unknown) => (isRecord(tool) ? tool['name'] : undefined));
}

async function untilWanted(sleeping: Sleeping): Promise<GatewayActivity> {
  for (;;) {
    const told = await sleeping.activity();
    if (told.servers.some(({ wanted }) => wanted)) return told;
  }
}

test('lists of a server that sleeps are what it told, as the caller may see them, and wake nobody', async () => {
  await using sleeping = await asleep();
  assert.deepEqual(await sleeping.listed('legacy'), ['read']);
  assert.deepEqual(await sleeping.listed('modern'), ['read']);
  const { message } = await askAsModern(sleeping.bench, 'server/discover');
  assert.deepEqual(message.result?.['supportedVersions'], ['2026-07-28']);
  const capabilities = message.result?.['capabilities'];
  assert.ok(isRecord(capabilities) && 'tools' in capabilities && !('tasks' in capabilities));
  assert.equal(message.result?.['ttlMs'], 0);
  const { servers } = await sleeping.activity();
  assert.deepEqual(
    servers.map(({ server, open, wanted }) => ({ server, open, wanted })),
    [{ server: 'mcp-servers/files', open: 0, wanted: false }],
  );
  assert.deepEqual(sleeping.calls, []);
  assert.equal(sleeping.bench.events.length, 3);
});

test('a call wakes it and is answered, with all that came meanwhile', async () => {
  await using sleeping = await asleep();
  const headers = await bearer(sleeping.bench);
  const calls = Array.from({ length: 20 }, (_, id) => sleeping.bench.post(callOf('read', id), headers));
  const told = await untilWanted(sleeping);
  while (sleeping.sleeper.waiting() < calls.length) await untilWanted(sleeping);
  const metrics = await (await fetch(`${sleeping.bench.gateway.adminUrl}/metrics`)).text();
  assert.match(metrics, /mcp_gateway_waking_calls\{namespace="mcp-servers",server="files"\} 20/);
  assert.equal(told.servers[0]?.server, 'mcp-servers/files');
  sleeping.wake();
  for (const [id, response] of (await Promise.all(calls)).entries()) {
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { ...OK_RESULT, id });
  }
  assert.equal(sleeping.sleeper.waiting(), 0);
});

test('a refused call wakes nobody', async () => {
  await using sleeping = await asleep();
  const refused = await sleeping.bench.post(callOf('write'), await bearer(sleeping.bench));
  assert.match(await refused.text(), /side_effect_not_allowed/);
  const stranger = await sleeping.bench.post(callOf('read'));
  assert.equal(stranger.status, 401);
  const { sequence, servers } = await sleeping.activity();
  assert.equal(sequence, 0);
  assert.equal(servers[0]?.wanted, false);
});

test('whoever looks is told at once when a call waits, and nothing that came before is missed', async () => {
  await using sleeping = await asleep({ wakeTimeoutMs: 10_000 });
  const { sequence } = await sleeping.activity();
  const looking = sleeping.activity(`?seen=${sequence}&wait=20000`);
  const call = sleeping.bench.post(callOf('read'), await bearer(sleeping.bench));
  const told = await looking;
  assert.equal(told.servers[0]?.wanted, true);
  assert.equal((await sleeping.activity(`?seen=${sequence}&wait=20000`)).sequence, told.sequence);
  sleeping.wake();
  assert.equal((await call).status, 200);
});

test('a call waits no longer than it may, and says what it waited for', async () => {
  await using sleeping = await asleep({ wakeTimeoutMs: 50 });
  const response = await sleeping.bench.post(callOf('read'), await bearer(sleeping.bench));
  assert.equal(response.status, 503);
  assert.equal(response.headers.get('retry-after'), '1');
  assert.match(await response.text(), /"reason":"server_asleep"/);
  assert.equal((await sleeping.activity()).servers[0]?.wanted, false);
});

test('no more calls wait than may', async () => {
  await using sleeping = await asleep({ maxWaking: 2 });
  const headers = await bearer(sleeping.bench);
  const waiting = [sleeping.bench.post(callOf('read'), headers), sleeping.bench.post(callOf('read'), headers)];
  while (sleeping.sleeper.waiting() < 2) await untilWanted(sleeping);
  const third = await sleeping.bench.post(callOf('read'), headers);
  assert.equal(third.status, 503);
  assert.match(await third.text(), /"reason":"overloaded"/);
  sleeping.wake();
  for (const response of await Promise.all(waiting)) assert.equal(response.status, 200);
});

test('a call that waits is refused when its grant ends', async () => {
  await using sleeping = await asleep();
  const call = sleeping.bench.post(callOf('read'), await bearer(sleeping.bench));
  await untilWanted(sleeping);
  sleeping.bench.policy.publish(compilePolicy(testDocument({ revision: 'r2', grants: [] })));
  assert.match(await (await call).text(), /no_matching_grant/);
  assert.equal((await sleeping.activity()).servers[0]?.wanted, false);
});

test('what would wake it keeps it awake; what it told of itself does not', async () => {
  let now = 0;
  await using sleeping = await asleep({}, () => now);
  sleeping.wake();
  const headers = await bearer(sleeping.bench);
  now = 5000;
  await sleeping.bench.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, headers);
  assert.equal((await sleeping.activity()).servers[0]?.idle_ms, 5000);
  await sleeping.bench.post(callOf('read'), headers);
  now = 7000;
  assert.deepEqual((await sleeping.activity()).servers, [
    { server: 'mcp-servers/files', idle_ms: 2000, open: 0, wanted: false, knows: true },
  ]);
  assert.deepEqual(sleeping.calls, ['tools/list', 'tools/call']);
});

test('a legacy client whose session slept away begins another, which wakes the server', async () => {
  await using sleeping = await asleep();
  sleeping.wake();
  const headers = await bearer(sleeping.bench);
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } },
  };
  const opened = await sleeping.bench.post(initialize, headers);
  const session = opened.headers.get('mcp-session-id') ?? '';
  assert.notEqual(session, '');
  sleeping.fallAsleep();
  const lost = await sleeping.bench.post(callOf('read'), { ...headers, 'mcp-session-id': session });
  assert.equal(lost.status, 404);
  assert.equal((await sleeping.activity()).servers[0]?.wanted, false);
  const again = sleeping.bench.post(initialize, headers);
  await untilWanted(sleeping);
  sleeping.wake();
  assert.equal((await again).status, 200);
});

test("the runtime's own check neither wakes a server nor is answered for it", async () => {
  await using sleeping = await asleep();
  const authorization = `Bearer ${await sleeping.bench.token({ token_use: 'probe' })}`;
  const response = await sleeping.bench.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, { authorization });
  assert.match(await response.text(), /"reason":"upstream_unavailable"/);
  assert.equal((await sleeping.activity()).sequence, 0);
});

test('a call that finds the instance gone waits for another one', async () => {
  await using sleeping = await asleep();
  await using gone = await startTestUpstream(() => {});
  const { url } = gone;
  await gone[Symbol.asyncDispose]();
  sleeping.endpoints.replace([{ track: 'stable', weight: 100, ready: [url], leaving: [] }]);
  const call = sleeping.bench.post(callOf('read'), await bearer(sleeping.bench));
  await untilWanted(sleeping);
  sleeping.wake();
  assert.equal((await call).status, 200);
});
