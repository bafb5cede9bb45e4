import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { AuditEvent, EVENT_TYPES } from '@mcp-runtime/api';
import { silentLogger } from '@mcp-runtime/base';
import { DEFAULT_LIMITS } from '../options.ts';
import { createRefusalLog } from './refusals.ts';
import { OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { type Answer, sendJson } from '../testing/upstream.ts';

const answer: Answer = (_, response) => sendJson(response, OK_RESULT);

/** What comes back for these bytes, until the other side closes. */
async function exchange(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(bytes);
  return text(socket);
}

function head(line: string, ...headers: readonly string[]): string {
  return [line, ...headers, '', ''].join('\r\n');
}

const HOST = 'Host: localhost';
const REFUSED = [
  { why: 'unknown path', bytes: head('GET /favicon.ico?key=secret HTTP/1.1', HOST), status: 404, reason: 'not_found' },
  {
    why: 'a host of others',
    bytes: head('POST /files/mcp HTTP/1.1', 'Host: evil'),
    status: 403,
    reason: 'host_not_allowed',
  },
  {
    why: 'an origin of others',
    bytes: head('POST /files/mcp HTTP/1.1', HOST, 'Origin: https://evil.example'),
    status: 403,
    reason: 'host_not_allowed',
  },
  { why: 'two hosts', bytes: head('POST /files/mcp HTTP/1.1', HOST, HOST), status: 400, reason: 'invalid_request' },
  { why: 'no host', bytes: head('POST /files/mcp HTTP/1.1'), status: 400, reason: 'invalid_request' },
  { why: 'HTTP method', bytes: head('PUT /files/mcp HTTP/1.1', HOST), status: 405, reason: 'method_not_allowed' },
  { why: 'CONNECT', bytes: head('CONNECT evil:443 HTTP/1.1', HOST), status: 405, reason: 'method_not_allowed' },
  {
    why: 'an expectation',
    bytes: head('POST /files/mcp HTTP/1.1', HOST, 'Expect: miracles', 'Content-Length: 0'),
    status: 417,
    reason: 'invalid_request',
  },
  { why: 'no HTTP', bytes: 'hello\r\n\r\n', status: 400, reason: 'invalid_request' },
  {
    why: 'two lengths',
    bytes: head('POST /files/mcp HTTP/1.1', HOST, 'Content-Length: 1', 'Transfer-Encoding: chunked'),
    status: 400,
    reason: 'invalid_request',
  },
  {
    why: 'a large head',
    bytes: head('GET /files/mcp HTTP/1.1', HOST, `X-A: ${'a'.repeat(40_000)}`),
    status: 431,
    reason: 'request_too_large',
  },
  {
    why: 'metadata of an endpoint that has none',
    bytes: head('GET /.well-known/oauth-protected-resource/files/mcp HTTP/1.1', HOST, 'Connection: close'),
    status: 404,
    reason: 'oauth_not_enabled',
  },
] as const;

for (const { why, bytes, status, reason } of REFUSED) {
  test(`refused and recorded: ${why}`, async () => {
    await using bench = await startBench({ answer, document: testDocument() });
    assert.match(await exchange(bench.url, bytes), new RegExp(`^HTTP/1.1 ${status} `));
    assert.equal(bench.events.length, 1);
    const event = AuditEvent.parse(bench.events[0]);
    assert.equal(event.event_type, EVENT_TYPES.refusal);
    const { payload } = event;
    assert.deepEqual([payload.decision, payload.reason, payload.status], ['deny', reason, status]);
    assert.equal(payload.client_address, '127.0.0.1');
    assert.equal(payload.server, '');
    assert.doesNotMatch(JSON.stringify(event), /secret/);
    const metrics = await (await fetch(`${bench.gateway.adminUrl}/metrics`)).text();
    assert.match(metrics, new RegExp(`mcp_gateway_unrouted_requests_total{reason="${reason}"} 1`));
  });
}

test('a head that does not arrive is refused and recorded; a connection without a byte is only closed', async () => {
  const limits = { ...DEFAULT_LIMITS, requestTimeoutMs: 50 };
  await using bench = await startBench({ answer, document: testDocument(), options: { limits } });
  assert.match(await exchange(bench.url, ''), /^HTTP\/1.1 408 /);
  assert.equal(bench.events.length, 0);
  assert.match(await exchange(bench.url, 'POST /files/mcp HT'), /^HTTP\/1.1 408 /);
  assert.deepEqual(
    bench.events.map(({ payload }) => payload.reason),
    ['request_timeout'],
  );
});

test('garbage behind an answer that is under way does not land in it', async () => {
  const opened = Promise.withResolvers<void>();
  await using bench = await startBench({
    document: testDocument(),
    answer: (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"jsonrpc":"2.0","method":"notifications/message"}\n\n');
      opened.resolve();
    },
  });
  const body = JSON.stringify(callOf('read'));
  const bytes = head(
    'POST /files/mcp HTTP/1.1',
    HOST,
    'Content-Type: application/json',
    `Authorization: Bearer ${await bench.token()}`,
    `Content-Length: ${body.length}`,
  );
  const { hostname, port } = new URL(bench.url);
  const socket = connect(Number(port), hostname);
  socket.write(bytes + body);
  let got = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    if (!got.includes('notifications/message') && (got + chunk).includes('notifications/message')) {
      socket.write('GARBAGE\r\n\r\n');
    }
    got += chunk;
  });
  await once(socket, 'close');
  assert.equal(got.match(/HTTP\/1.1/g)?.length, 1, got);
  const refused = bench.events.filter(({ event_type }) => event_type === EVENT_TYPES.refusal);
  assert.deepEqual(
    refused.map(({ payload }) => payload.reason),
    ['invalid_request'],
  );
});

test('a body that breaks its framing is recorded once, as its exchange', async () => {
  await using bench = await startBench({ answer, document: testDocument() });
  const bytes = head('POST /files/mcp HTTP/1.1', HOST, 'Content-Type: application/json', 'Transfer-Encoding: chunked');
  assert.match(await exchange(bench.url, `${bytes}zz\r\n`), /^HTTP\/1.1 400 /);
  await bench.gateway.close();
  assert.deepEqual(
    bench.events.map(({ event_type, payload }) => [event_type, payload.reason]),
    [[EVENT_TYPES.request, 'canceled']],
  );
});

test('of a flood some are recorded one by one, and the rest by their number', async () => {
  const events: AuditEvent[] = [];
  const audit = { append: async (event: AuditEvent) => void events.push(event) };
  const rate = { burst: 3, perSecond: 1 };
  const refusals = createRefusalLog({ audit, source: 'gateway', clock: () => 0, log: silentLogger, rate });
  for (let n = 0; n < 1000; n++) await refusals.record({ reason: 'not_found', path: `/${n}` });
  for (let n = 0; n < 10; n++) await refusals.record({ reason: 'host_not_allowed', path: '/' });
  assert.equal(events.length, 3);
  await refusals.close();
  for (const event of events) AuditEvent.parse(event);
  assert.deepEqual(
    events.map(({ payload: { reason, path, count } }) => [reason, path, count]),
    [
      ['not_found', '/0', undefined],
      ['not_found', '/1', undefined],
      ['not_found', '/2', undefined],
      ['not_found', '', 997],
      ['host_not_allowed', '', 10],
    ],
  );
});

test('what is not there beside probes and metrics is refused and recorded as well', async () => {
  const options = { adminListen: { host: '127.0.0.1', port: 0 } };
  await using bench = await startBench({ answer, document: testDocument(), options });
  assert.equal((await fetch(`${bench.gateway.adminUrl}/files/mcp`)).status, 404);
  assert.deepEqual(
    bench.events.map(({ payload: { reason, path } }) => [reason, path]),
    [['not_found', '/files/mcp']],
  );
});

test('a flood through the listener is bounded, and all of it is accounted for', async () => {
  await using bench = await startBench({ answer, document: testDocument() });
  const asked = Array.from({ length: 300 }, (_, n) => fetch(`${bench.gateway.url}/nothing/${n}`));
  assert.ok((await Promise.all(asked)).every(({ status }) => status === 404));
  assert.ok(bench.events.length < 200, `${bench.events.length} records`);
  await bench.gateway.close();
  const total = bench.events.reduce((sum, { payload }) => sum + (payload.count ?? 1), 0);
  assert.equal(total, 300);
});

test('what is long is cut', async () => {
  const events: AuditEvent[] = [];
  const audit = { append: async (event: AuditEvent) => void events.push(event) };
  await using refusals = createRefusalLog({ audit, source: 'gateway', clock: Date.now, log: silentLogger });
  const long = 'x'.repeat(100_000);
  await refusals.record({ reason: 'not_found', method: long, path: long, clientAddress: long });
  AuditEvent.parse(events[0]);
  assert.ok(JSON.stringify(events[0]).length < 4000);
});
