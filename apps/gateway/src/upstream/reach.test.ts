import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ResolveAll, publicAnd } from '../outbound/reach.ts';
import { type Bench, OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { sendJson, startTestUpstream } from '../testing/upstream.ts';

const OPEN = testDocument({
  auth: { mode: 'none' },
  policy: { mode: 'observe', enforce_on: 'all' },
  session: { required: false },
});

/** A gateway whose one server is where its owner says, and names that resolve as the test says. */
async function startRemote(at: (port: string) => string, reach = publicAnd([]), answers: string[] = ['127.0.0.1']) {
  let asked = 0;
  const resolve: ResolveAll = (_, __, callback) => {
    const address = answers[Math.min(asked++, answers.length - 1)] ?? '';
    callback(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
  };
  const bench = await startBench({
    document: OPEN,
    answer: (_, response) => sendJson(response, OK_RESULT, { connection: 'close' }),
    options: { remoteServers: { reach, resolve } },
  });
  move(bench, { upstream: new URL(at(bench.upstream.url.port)), upstreamFrom: 'owner' });
  return bench;
}

type Place = { readonly upstream: URL; readonly upstreamFrom: 'operator' | 'owner' };

function move({ gateway }: Bench, place: Place): void {
  const route = gateway.routes.all()[0];
  assert.ok(route);
  gateway.routes.set({ ...route, ...place });
}

async function statusOf(bench: Bench): Promise<number> {
  const answer = await bench.post(callOf('read'));
  await answer.text();
  return answer.status;
}

test('what an owner names is not asked inside the network, however it is written', async () => {
  const hosts = ['127.0.0.1', '0x7f000001', 'localhost', '[::1]', '[::ffff:127.0.0.1]', 'rebind.test'];
  for (const host of hosts) {
    await using bench = await startRemote((port) => `http://${host}:${port}/mcp`);
    const answer = await bench.post(callOf('read'));
    assert.equal(answer.status, 502, host);
    assert.match(await answer.text(), /may not connect to the address/, host);
    assert.deepEqual(bench.upstream.seen, [], host);
    assert.equal(bench.events.at(-1)?.payload.outcome, 'upstream_error');
  }
});

test('a range that the operator opened is asked, by name or address', async () => {
  for (const host of ['127.0.0.1', 'inside.test']) {
    await using bench = await startRemote((port) => `http://${host}:${port}/mcp`, publicAnd(['127.0.0.0/8']));
    assert.equal(await statusOf(bench), 200, host);
  }
});

test('a name that changes its meaning after it was checked is refused', async () => {
  const answers = ['127.0.0.1', '169.254.169.254'];
  await using bench = await startRemote(
    (port) => `http://rebind.test:${port}/mcp`,
    publicAnd(['127.0.0.1/32']),
    answers,
  );
  assert.deepEqual([await statusOf(bench), await statusOf(bench)], [200, 502]);
});

test('a connection that the operator may have does not serve an owner', async () => {
  await using bench = await startBench({
    document: OPEN,
    answer: (_, response) => sendJson(response, OK_RESULT),
  });
  move(bench, { upstream: bench.upstream.url, upstreamFrom: 'operator' });
  assert.equal(await statusOf(bench), 200);
  move(bench, { upstream: bench.upstream.url, upstreamFrom: 'owner' });
  assert.equal(await statusOf(bench), 502);
  assert.equal(bench.upstream.seen.length, 1);
});

test('a redirect of a server is not followed', async () => {
  await using other = await startTestUpstream((_, response) => sendJson(response, OK_RESULT));
  await using bench = await startBench({
    document: OPEN,
    answer: (_, response) => void response.writeHead(307, { location: other.url.href }).end(),
  });
  const answer = await bench.post(callOf('read'));
  assert.equal(answer.headers.get('location'), null);
  assert.deepEqual(other.seen, []);
});
