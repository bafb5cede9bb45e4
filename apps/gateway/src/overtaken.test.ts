/** A change of policy counts for every request that has not gone to its server yet, however long it has been under way. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { compilePolicy } from '@mcp-runtime/policy';
import { type Bench, OK_RESULT, callOf, startBench, testDocument } from './testing/bench.ts';
import { type Answer, sendJson } from './testing/upstream.ts';

const answer: Answer = (_, response) => sendJson(response, OK_RESULT);

/** Sends a call but for its last byte, does something, sends the rest, and gives what comes back. */
async function callAround(bench: Bench, between: () => Promise<void> | void): Promise<string> {
  const body = JSON.stringify(callOf('read'));
  const { hostname, port, host, pathname } = new URL(bench.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const head = [
    `POST ${pathname} HTTP/1.1`,
    `Host: ${host}`,
    'Content-Type: application/json',
    'Connection: close',
    `Authorization: Bearer ${await bench.token()}`,
    `Content-Length: ${body.length}`,
  ].join('\r\n');
  socket.write(`${head}\r\n\r\n${body.slice(0, -1)}`);
  await between();
  socket.write(body.slice(-1));
  return text(socket);
}

const CHANGES = [
  { what: 'the grant is disabled', document: testDocument({}, { disabled: true }), reason: 'tool_not_granted' },
  {
    what: 'the session is revoked',
    document: testDocument({ sessions: [{ name: 's1', namespace: 'mcp-servers', human_id: 'alice', revoked: true }] }),
    reason: 'session_revoked',
  },
] as const;

for (const { what, document, reason } of CHANGES) {
  test(`a call whose body is not there yet when ${what} is refused`, async () => {
    await using bench = await startBench({ answer, document: testDocument() });
    const answered = await callAround(bench, async () => {
      await underWay(bench);
      bench.policy.publish(compilePolicy({ ...document, revision: 'r2' }));
    });
    assert.match(answered, new RegExp(`"reason":"${reason}"`));
    assert.equal(bench.upstream.seen.length, 0);
    assert.equal(bench.events.at(-1)?.payload.reason, reason);
  });
}

test('a call whose body is not there yet when its server loses its policy is refused', async () => {
  await using bench = await startBench({ answer, document: testDocument() });
  const answered = await callAround(bench, async () => {
    await underWay(bench);
    bench.policy.withdraw();
  });
  assert.match(answered, /"reason":"policy_unavailable"/);
  assert.equal(bench.upstream.seen.length, 0);
});

test('a call that the new policy allows as well goes on', async () => {
  await using bench = await startBench({ answer, document: testDocument() });
  const answered = await callAround(bench, async () => {
    await underWay(bench);
    bench.policy.publish(compilePolicy(testDocument({ revision: 'r2' })));
  });
  assert.match(answered, /"result"/);
});

/** Until the gateway has begun to read the request. */
async function underWay({ gateway }: Bench): Promise<void> {
  const inFlight = async (): Promise<string> => (await fetch(`${gateway.adminUrl}/metrics`)).text();
  while (!/^mcp_gateway_inflight_requests 1$/m.test(await inFlight()));
}
