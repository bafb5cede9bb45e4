import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { DEFAULT_LIMITS } from '../options.ts';
import { type Bench, answersOk, callOf, startBench, testDocument } from '../testing/bench.ts';
import { bearer, errorOf } from '../testing/caller.ts';

const BAD_BODIES: readonly (readonly [what: string, body: string, status: number, code: number])[] = [
  ['a repeated member', '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}', 400, -32600],
  [
    'a member in another case',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","Name":"write"}}',
    400,
    -32600,
  ],
  ['no JSON', 'hello', 400, -32700],
];

for (const [what, body, status, code] of BAD_BODIES) {
  test(`${what} is refused, recorded and never forwarded`, async () => {
    await using bench = await startBench({ answer: answersOk, document: testDocument() });
    const response = await bench.post(body, await bearer(bench));
    assert.equal(response.status, status);
    assert.equal((await errorOf(response)).code, code);
    assert.equal(bench.upstream.seen.length, 0);
    assert.equal(bench.events[0]?.payload.reason, 'rpc_inspection_failed');
  });
}

test('a forged Host or Origin is refused before anything else', async () => {
  await using bench = await startBench({ answer: answersOk, document: testDocument() });
  const origin = await bench.post(callOf('read'), { ...(await bearer(bench)), origin: 'https://evil.example' });
  assert.equal(origin.status, 403);
  const { port } = new URL(bench.url);
  const forged = request({
    port,
    path: '/files/mcp',
    method: 'POST',
    headers: { host: 'evil.example', 'content-type': 'application/json' },
  });
  forged.end('{}');
  const [answer] = await once(forged, 'response');
  assert.equal(answer.statusCode, 403);
});

for (const [repeated, status] of [
  ['host: localhost', 400],
  ['authorization: Bearer x', 401],
] as const) {
  test(`a request with ${repeated} after another one never reaches a server`, async () => {
    await using bench = await startBench({ answer: answersOk, document: testDocument() });
    const { authorization } = await bearer(bench);
    const head = ['host: localhost', `authorization: ${authorization}`, repeated, 'content-type: application/json'];
    const body = JSON.stringify(callOf('read'));
    const sent = `${head.join('\r\n')}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    assert.equal(await statusOf(bench, sent), status);
    assert.equal(bench.upstream.seen.length, 0);
  });
}

test('a request with two lengths never reaches a server', async () => {
  await using bench = await startBench({ answer: answersOk, document: testDocument() });
  const lengths = 'content-length: 4\r\ntransfer-encoding: chunked';
  assert.equal(await statusOf(bench, `host: localhost\r\n${lengths}\r\n\r\n0\r\n\r\n`), 400);
  assert.equal(bench.upstream.seen.length, 0);
});

test('a client that stalls in the middle of its body is cut off', async () => {
  const limits = { ...DEFAULT_LIMITS, requestTimeoutMs: 200 };
  await using bench = await startBench({ answer: answersOk, document: testDocument(), options: { limits } });
  const head = 'host: localhost\r\ncontent-type: application/json\r\ncontent-length: 10';
  assert.equal(await statusOf(bench, `${head}\r\n\r\n{`), 408);
});

/** Sends a POST as it is, which no client library would, and reads the status of the answer. */
async function statusOf(bench: Bench, headersAndBody: string): Promise<number> {
  const socket = connect(Number(new URL(bench.url).port), '127.0.0.1');
  socket.write(`POST /files/mcp HTTP/1.1\r\n${headersAndBody}`);
  const [bytes] = await once(socket, 'data');
  socket.destroy();
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(String(bytes))?.[1]);
}
