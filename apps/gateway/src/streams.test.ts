import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePolicy } from '@mcp-runtime/policy';
import { OK_RESULT, callOf, startBench, testDocument } from './testing/bench.ts';
import { bearer, errorOf } from './testing/caller.ts';
import { type Answer } from './testing/upstream.ts';

test('a stream passes byte for byte, and its record is there before its response', async () => {
  const progress = 'event: message\r\ndata: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\r\n\r\n';
  const last = `event: message\r\ndata: ${JSON.stringify(OK_RESULT)}\r\n\r\n`;
  const release = Promise.withResolvers<void>();
  const answer: Answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(progress);
    void release.promise.then(() => response.end(last));
  };
  await using bench = await startBench({ answer, document: testDocument() });
  const response = await bench.post(callOf('read'), await bearer(bench));
  const reader = response.body?.getReader();
  assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), progress);
  assert.equal(bench.events.length, 0);
  release.resolve();
  assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), last);
  assert.deepEqual(
    bench.events.map(({ payload }) => payload.outcome),
    ['ok'],
  );
});

test('a revoked session ends the very next call and every open stream', async () => {
  const answer: Answer = ({ method }, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    if (method === 'GET') response.write(': open\n\n');
    else response.write('data: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n');
  };
  await using bench = await startBench({ answer, document: testDocument() });
  const headers = await bearer(bench);
  const stream = await fetch(bench.url, { headers: { ...headers, accept: 'text/event-stream' } });
  const call = await bench.post(callOf('read'), headers);
  const [streamReader, callReader] = [stream.body?.getReader(), call.body?.getReader()];
  await Promise.all([streamReader?.read(), callReader?.read()]);
  const revoked = testDocument({ revision: 'r2', sessions: [{ name: 's1', namespace: 'mcp-servers', revoked: true }] });
  bench.policy.publish(compilePolicy(revoked));
  assert.match(Buffer.from((await callReader?.read())?.value ?? []).toString(), /"reason":"session_revoked"/);
  assert.equal(Buffer.from((await streamReader?.read())?.value ?? []).toString(), ': session_revoked\n\n');
  assert.equal((await streamReader?.read())?.done, true);
  const next = await bench.post(callOf('read'), headers);
  assert.deepEqual([next.status, (await errorOf(next)).reason], [401, 'session_revoked']);
});

test('a server that is not governed any more refuses the next call and ends what is open', async () => {
  const answer: Answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': open\n\n');
  };
  await using bench = await startBench({ answer, document: testDocument() });
  const headers = await bearer(bench);
  const stream = await fetch(bench.url, { headers: { ...headers, accept: 'text/event-stream' } });
  const reader = stream.body?.getReader();
  await reader?.read();
  bench.policy.withdraw();
  assert.equal(Buffer.from((await reader?.read())?.value ?? []).toString(), ': policy_unavailable\n\n');
  assert.equal((await reader?.read())?.done, true);
  assert.equal((await errorOf(await bench.post(callOf('read'), headers))).reason, 'policy_unavailable');
});
