import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AppError, ERRORS, HEADERS } from '@mcp-runtime/api';
import { compilePolicy } from '@mcp-runtime/policy';
import { DEFAULT_LIMITS, type GatewayOptions } from './gateway.ts';
import { openSessionKeys } from './session-keys.ts';
import { type Bench, OK_RESULT, callOf, startBench, testDocument } from './testing/bench.ts';
import { type Answer, sendJson } from './testing/upstream.ts';

const answersOk: Answer = (_, response) => sendJson(response, OK_RESULT);

async function bearer(bench: Bench, claims?: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  return { authorization: `Bearer ${await bench.token(claims)}` };
}

async function errorOf(response: Response): Promise<{ code: number; reason: string; id: unknown; requestId: string }> {
  const body: { id: unknown; error: { code: number; data: { reason: string; requestId: string } } } = JSON.parse(
    await response.text(),
  );
  return { code: body.error.code, reason: body.error.data.reason, id: body.id, requestId: body.error.data.requestId };
}

test('an allowed call reaches the server byte for byte and is recorded', async () => {
  await using bench = await startBench({ answer: answersOk, document: testDocument() });
  const body = '{"jsonrpc":"2.0",  "id":1,"method":"tools/call","params":{"arguments":{"n":1.0},"name":"read"}}';
  const response = await bench.post(body, {
    ...(await bearer(bench)),
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), JSON.stringify(OK_RESULT));
  assert.equal(bench.upstream.seen[0]?.body, body);
  const [event] = bench.events;
  assert.equal(event?.id, response.headers.get(HEADERS.requestId));
  assert.equal(event?.trace_id, 'a'.repeat(32));
  const { latency_ms, request_id, ...payload } = event?.payload ?? { latency_ms: -1, request_id: '' };
  assert.ok(latency_ms >= 0 && request_id === event?.id);
  assert.deepEqual(payload, {
    method: 'POST',
    path: '/files/mcp',
    status: 200,
    bytes_in: body.length,
    bytes_out: JSON.stringify(OK_RESULT).length,
    server: 'files',
    namespace: 'mcp-servers',
    cluster: '',
    team_id: '',
    human_id: 'alice',
    agent_id: 'agent',
    subject_team_id: '',
    session_id: 's1',
    identity_source: 'token',
    decision: 'allow',
    reason: 'allowed',
    policy_version: 'v1',
    policy_revision: 'r1',
    outcome: 'ok',
    rpc_method: 'tools/call',
    rpc_id: '1',
    tool_name: 'read',
    matched_grant: 'g1',
    matched_grant_namespace: 'mcp-servers',
    matched_session: 's1',
    matched_session_namespace: 'mcp-servers',
    required_trust: 'low',
    required_side_effect: 'read',
    risk_level: 'low',
    admin_trust: 'high',
    consented_trust: 'high',
    effective_trust: 'high',
  });
});

test('a denied call is answered in band, reaches no server and is recorded', async () => {
  await using bench = await startBench({ answer: answersOk, document: testDocument() });
  const response = await bench.post(callOf('write', 'w-1'), await bearer(bench));
  assert.equal(response.status, 200);
  const error = await errorOf(response);
  assert.deepEqual(
    [error.code, error.reason, error.id],
    [ERRORS.side_effect_not_allowed.rpc, 'side_effect_not_allowed', 'w-1'],
  );
  assert.equal(bench.upstream.seen.length, 0);
  assert.equal(bench.events[0]?.id, error.requestId);
  assert.deepEqual([bench.events[0]?.payload.decision, bench.events[0]?.payload.outcome], ['deny', 'refused']);
});

const REFUSED_CALLERS: readonly (readonly [
  what: string,
  headers: (bench: Bench) => Promise<Record<string, string>>,
  reason: string,
])[] = [
  ['without a token', async () => ({}), 'missing_bearer_token'],
  ['with a token that is none', async () => ({ authorization: 'Bearer abc' }), 'invalid_token'],
  ['with a password', async () => ({ authorization: 'Basic YTpi' }), 'missing_bearer_token'],
  [
    'with a token for another server',
    (bench) => bearer(bench, { aud: 'urn:mcp-runtime:server:mcp-servers/other' }),
    'invalid_token',
  ],
  ['with a token of another issuer', (bench) => bearer(bench, { iss: 'somebody' }), 'invalid_token'],
  ['with a session that does not exist', (bench) => bearer(bench, { sid: 'nope' }), 'session_not_found'],
  [
    'with an unsigned token',
    async () => ({
      authorization: `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{}').toString('base64url')}.`,
    }),
    'invalid_token',
  ],
  [
    'with forged identity headers',
    async () => ({ [HEADERS.humanId]: 'alice', [HEADERS.agentId]: 'agent' }),
    'missing_bearer_token',
  ],
];

for (const [what, headers, reason] of REFUSED_CALLERS) {
  test(`a caller ${what} is refused with 401 and recorded`, async () => {
    await using bench = await startBench({ answer: answersOk, document: testDocument() });
    const response = await bench.post(callOf('read'), await headers(bench));
    assert.equal(response.status, 401);
    assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer realm=/);
    assert.equal((await errorOf(response)).reason, reason);
    assert.equal(bench.upstream.seen.length, 0);
    assert.equal(bench.events[0]?.payload.reason, reason);
  });
}

test('an expired token is refused, also when it was accepted before', async () => {
  let now = Date.now();
  await using bench = await startBench({ answer: answersOk, document: testDocument(), options: { clock: () => now } });
  const headers = await bearer(bench);
  assert.equal((await bench.post(callOf('read'), headers)).status, 200);
  now += 3_600_000;
  assert.equal((await bench.post(callOf('read'), headers)).status, 401);
});

const HEADER_MODE = testDocument({ auth: { mode: 'header' }, session: { required: false } });

test('identity headers count only from a declared network', async () => {
  const identity = { [HEADERS.humanId]: 'alice', [HEADERS.agentId]: 'agent' };
  await using closed = await startBench({ answer: answersOk, document: HEADER_MODE });
  const refused = await closed.post(callOf('read'), identity);
  assert.deepEqual([refused.status, (await errorOf(refused)).reason], [401, 'untrusted_identity_headers']);
  await using trusting = await startBench({
    answer: answersOk,
    document: HEADER_MODE,
    options: { trustHeadersFrom: ['127.0.0.0/8'] },
  });
  const allowed = await trusting.post(callOf('read'), identity);
  assert.deepEqual([allowed.status, await allowed.json()], [200, OK_RESULT]);
  assert.equal(trusting.events[0]?.payload.identity_source, 'header');
});

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

test('an unknown method, a body of another type and one that is too large are refused', async () => {
  const limits = { ...DEFAULT_LIMITS, maxBodyBytes: 1000 };
  await using bench = await startBench({ answer: answersOk, document: testDocument(), options: { limits } });
  const headers = await bearer(bench);
  const unknown = await bench.post({ jsonrpc: '2.0', id: 1, method: 'admin/reset' }, headers);
  assert.deepEqual([unknown.status, (await errorOf(unknown)).reason], [200, 'unknown_method']);
  const typed = await bench.post(callOf('read'), { ...headers, 'content-type': 'application/json; charset=utf-16' });
  assert.equal(typed.status, 415);
  const large = await bench.post(
    { ...callOf('read'), params: { name: 'read', arguments: { x: 'a'.repeat(2000) } } },
    headers,
  );
  assert.equal(large.status, 413);
  assert.equal(bench.upstream.seen.length, 0);
  assert.deepEqual(
    bench.events.map(({ payload }) => payload.reason),
    ['unknown_method', 'unsupported_media_type', 'request_too_large'],
  );
});

test('a method that MCP does not have is refused in the words of a server without it', async () => {
  await using bench = await startBench({ answer: answersOk, document: testDocument() });
  const bearerHeaders = await bearer(bench);
  const ask = async (method: string, params: object, headers: Readonly<Record<string, string>>): Promise<unknown> => {
    const response = await bench.post({ jsonrpc: '2.0', id: 7, method, params }, { ...bearerHeaders, ...headers });
    const { code, id, reason } = await errorOf(response);
    return [response.status, code, id, reason];
  };
  const version = '2026-07-28';
  const envelope = {
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const modern = { [HEADERS.mcpProtocolVersion]: version, [HEADERS.mcpMethod]: 'admin/reset' };
  assert.deepEqual(await ask('admin/reset', {}, {}), [200, -32601, 7, 'unknown_method']);
  assert.deepEqual(await ask('admin/reset', { _meta: envelope }, modern), [404, -32601, 7, 'unknown_method']);
  const { rpc } = ERRORS.unknown_method;
  assert.deepEqual(await ask('resources/read', {}, {}), [200, rpc, 7, 'unknown_method'], 'it has this one');
  assert.equal(bench.upstream.seen.length, 0);
});

test('lists show what the caller may call, and nothing else changes', async () => {
  const list =
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read","x":1.0},{"name":"write"},{"name":"other"}],"nextCursor":""}}';
  await using bench = await startBench({ answer: (_, response) => sendJson(response, list), document: testDocument() });
  const response = await bench.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, await bearer(bench));
  assert.equal(
    await response.text(),
    '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read","x":1.0}],"nextCursor":""}}',
  );
});

test('a list inside an event stream is filtered too, and its event id stays', async () => {
  const list = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read"},{"name":"write"}]}}';
  const answer: Answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`: hi\n\nid: 7\nevent: message\ndata: ${list}\n\n`);
  };
  await using bench = await startBench({ answer, document: testDocument() });
  const response = await bench.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, await bearer(bench));
  const filtered = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read"}]}}';
  assert.equal(await response.text(), `: hi\n\nid: 7\nevent: message\ndata: ${filtered}\n\n`);
});

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

test('no credential, cookie, identity or forwarding header crosses to the server', async () => {
  await using bench = await startBench({ answer: answersOk, document: testDocument() });
  await bench.post(callOf('read'), {
    ...(await bearer(bench)),
    cookie: 'a=b',
    'x-api-key': 'k',
    'x-forwarded-for': '1.2.3.4',
    [HEADERS.humanId]: 'mallory',
    'proxy-authorization': 'Basic x',
    'mcp-protocol-version': '2025-11-25',
    'last-event-id': '9',
    'x-other': 'y',
  });
  const names = Object.keys(bench.upstream.seen[0]?.headers ?? {}).toSorted();
  assert.deepEqual(names, [
    'accept',
    'content-length',
    'content-type',
    'host',
    'last-event-id',
    'mcp-protocol-version',
  ]);
});

test('no cookie or challenge of the server crosses to the caller', async () => {
  const answer: Answer = (_, response) => sendJson(response, OK_RESULT, { 'set-cookie': 'a=b', 'x-internal': 'y' });
  await using bench = await startBench({ answer, document: testDocument() });
  const response = await bench.post(callOf('read'), await bearer(bench));
  assert.deepEqual([response.headers.get('set-cookie'), response.headers.get('x-internal')], [null, null]);
});

test('an MCP session of somebody else is answered like one that does not exist', async () => {
  const sessions = ['alice', 'bob'].map((human, index) => ({
    name: `s${index + 1}`,
    namespace: 'mcp-servers',
    human_id: human,
    consented_trust: 'high' as const,
  }));
  const grants = [
    {
      name: 'g',
      namespace: 'mcp-servers',
      agent_id: 'agent',
      max_trust: 'high' as const,
      allowed_side_effects: ['read' as const],
    },
  ];
  const answer: Answer = (_, response) => sendJson(response, OK_RESULT, { 'mcp-session-id': 'abc' });
  await using bench = await startBench({ answer, document: testDocument({ sessions, grants }) });
  const alice = await bearer(bench);
  const bob = await bearer(bench, { sub: 'bob', sid: 's2' });
  const opened = await bench.post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }, alice);
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
  assert.notEqual(session['mcp-session-id'], 'abc');
  assert.equal((await bench.post(callOf('read'), { ...alice, ...session })).status, 200);
  assert.equal(bench.upstream.seen.at(-1)?.headers['mcp-session-id'], 'abc');
  const foreign = await bench.post(callOf('read'), { ...bob, ...session });
  const unknown = await bench.post(callOf('read'), { ...bob, 'mcp-session-id': 'zzz' });
  assert.deepEqual([foreign.status, unknown.status], [404, 404]);
  const [one, other] = [await errorOf(foreign), await errorOf(unknown)];
  assert.deepEqual({ ...one, requestId: '' }, { ...other, requestId: '' });
});

test('any replica with the same key serves an MCP session, and one with another key does not', async () => {
  const answer: Answer = (_, response) => sendJson(response, OK_RESULT, { 'mcp-session-id': 'abc' });
  const sessionKeys = [randomBytes(32)];
  await using first = await startBench({ answer, document: testDocument(), options: { sessionKeys } });
  const [route] = first.gateway.routes.all();
  assert.ok(route);
  const opened = await first.post({ jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }, await bearer(first));
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
  const callThrough = async (options: Partial<GatewayOptions>): Promise<number> => {
    await using replica = await startBench({ answer, document: testDocument(), options });
    replica.gateway.routes.set(route);
    const headers = { ...(await bearer(replica)), ...session };
    return (await replica.post(callOf('read'), headers)).status;
  };
  assert.equal(await callThrough({ sessionKeys: [randomBytes(32), ...sessionKeys] }), 200);
  assert.equal(await callThrough({ sessionKeys: [randomBytes(32)] }), 404);
});

test('session keys are made once, closed to others, and a bad line is named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'keys-'));
  const path = join(folder, 'session.keys');
  const [made] = await openSessionKeys(path);
  assert.deepEqual(await openSessionKeys(path), [made]);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  await writeFile(path, `${made?.toString('base64url')}\nshort\n`);
  await assert.rejects(openSessionKeys(path), /session\.keys:2: must be 32 bytes/);
  await rm(folder, { recursive: true });
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

test('an open stream is told when the list of tools that it may see changes', async () => {
  const answer: Answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': open\n\n');
  };
  await using bench = await startBench({ answer, document: testDocument() });
  const stream = await fetch(bench.url, { headers: { ...(await bearer(bench)), accept: 'text/event-stream' } });
  const reader = stream.body?.getReader();
  await reader?.read();
  bench.policy.publish(compilePolicy(testDocument({ revision: 'r2' }, { allowed_side_effects: ['read', 'write'] })));
  assert.match(Buffer.from((await reader?.read())?.value ?? []).toString(), /notifications\/tools\/list_changed/);
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

test('without a valid policy every request is refused', async () => {
  await using bench = await startBench({ answer: answersOk });
  const response = await bench.post(callOf('read'));
  assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '1']);
  assert.equal((await errorOf(response)).reason, 'policy_unavailable');
  assert.equal((await fetch(`${bench.gateway.adminUrl}/ready`)).status, 503);
});

test('a server that is gone is a 502 with the id of the request', async () => {
  await using bench = await startBench({ answer: (_, response) => response.destroy(), document: testDocument() });
  const response = await bench.post(callOf('read', 9), await bearer(bench));
  assert.equal(response.status, 502);
  assert.deepEqual(await errorOf(response).then(({ id, reason }) => [id, reason]), [9, 'upstream_unavailable']);
  assert.equal(bench.events[0]?.payload.outcome, 'upstream_error');
});

test('a server that stays silent is a 504, and its record says so', async () => {
  const limits = { ...DEFAULT_LIMITS, answerTimeoutMs: 50 };
  await using bench = await startBench({ answer: () => {}, document: testDocument(), options: { limits } });
  const response = await bench.post(callOf('read', 9), await bearer(bench));
  assert.deepEqual([response.status, (await errorOf(response)).reason], [504, 'upstream_timeout']);
  assert.equal(bench.events[0]?.payload.outcome, 'upstream_error');
});

test('one request too many at once is told to come again, and the others go on', async () => {
  const limits = { ...DEFAULT_LIMITS, maxInFlight: 1 };
  const release = Promise.withResolvers<void>();
  const answer: Answer = (_, response) => void release.promise.then(() => sendJson(response, OK_RESULT));
  await using bench = await startBench({ answer, document: testDocument(), options: { limits } });
  const headers = await bearer(bench);
  const first = bench.post(callOf('read'), headers);
  await waitFor(() => bench.upstream.seen.length === 1);
  const second = await bench.post(callOf('read'), headers);
  assert.deepEqual([second.status, second.headers.get('retry-after')], [503, '1']);
  assert.equal((await errorOf(second)).reason, 'overloaded');
  release.resolve();
  assert.equal((await first).status, 200);
});

test('a client that stalls in the middle of its body is cut off', async () => {
  const limits = { ...DEFAULT_LIMITS, requestTimeoutMs: 200 };
  await using bench = await startBench({ answer: answersOk, document: testDocument(), options: { limits } });
  const socket = connect(Number(new URL(bench.url).port), '127.0.0.1');
  socket.write(
    'POST /files/mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{',
  );
  const [bytes] = await once(socket, 'data');
  assert.match(String(bytes), /^HTTP\/1\.1 408/);
  socket.destroy();
});

test('where the server asks for strict audit, what cannot be recorded does not happen', async () => {
  await using bench = await startBench({
    answer: answersOk,
    document: testDocument(),
    strict: 'strict',
    audit: { state: () => 'unwritable' },
  });
  const response = await bench.post(callOf('read'), await bearer(bench));
  assert.deepEqual([response.status, (await errorOf(response)).reason], [503, 'audit_unavailable']);
  assert.equal(bench.upstream.seen.length, 0);
  assert.match(await (await fetch(`${bench.gateway.adminUrl}/ready`)).text(), /audit_unavailable/);
});

test('a record that fails in the middle withholds the answer where audit is strict, and not elsewhere', async () => {
  const audit = { append: () => Promise.reject(new AppError('disk_full', 'no space')) };
  await using strict = await startBench({ answer: answersOk, document: testDocument(), strict: 'strict', audit });
  const withheld = await strict.post(callOf('read'), await bearer(strict));
  assert.deepEqual([withheld.status, (await errorOf(withheld)).reason], [503, 'audit_unavailable']);
  await using lenient = await startBench({ answer: answersOk, document: testDocument(), audit });
  assert.equal((await lenient.post(callOf('read'), await bearer(lenient))).status, 200);
});

test('the answer waits for its record', async () => {
  const written = Promise.withResolvers<void>();
  await using bench = await startBench({
    answer: answersOk,
    document: testDocument(),
    audit: { append: () => written.promise },
  });
  const pending = bench.post(callOf('read'), await bearer(bench));
  const first = await Promise.race([pending.then(() => 'answered'), waitFor(() => bench.upstream.seen.length > 0)]);
  assert.notEqual(first, 'answered');
  written.resolve();
  assert.equal((await pending).status, 200);
});

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
    const socket = connect(Number(new URL(bench.url).port), '127.0.0.1');
    const head = ['host: localhost', `authorization: ${authorization}`, repeated, 'content-type: application/json'];
    const body = JSON.stringify(callOf('read'));
    socket.write(`POST /files/mcp HTTP/1.1\r\n${head.join('\r\n')}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    const [bytes] = await once(socket, 'data');
    assert.ok(String(bytes).startsWith(`HTTP/1.1 ${status} `), String(bytes));
    assert.equal(bench.upstream.seen.length, 0);
    socket.destroy();
  });
}

test('a record that fails while a stream is open ends that call and nothing else', async () => {
  const answer: Answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${JSON.stringify(OK_RESULT)}\n\n`);
  };
  const audit = { append: () => Promise.reject(new AppError('disk_full', 'no space')) };
  await using bench = await startBench({ answer, document: testDocument(), strict: 'strict', audit });
  const response = await bench.post(callOf('read'), await bearer(bench));
  const text = await response.text();
  assert.match(text, /"reason":"audit_unavailable"/);
  assert.doesNotMatch(text, /"text":"ok"/);
});

test('a list that a resumed stream replays is filtered too', async () => {
  const list = '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read"},{"name":"write"}]}}';
  const answer: Answer = (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`id: 3\ndata: ${list}\n\n`);
  };
  await using bench = await startBench({ answer, document: testDocument() });
  const headers = { ...(await bearer(bench)), accept: 'text/event-stream', 'last-event-id': '2' };
  const text = await (await fetch(bench.url, { headers })).text();
  assert.equal(text, 'id: 3\ndata: {"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read"}]}}\n\n');
});

test('a request with two lengths never reaches a server', async () => {
  await using bench = await startBench({ answer: answersOk, document: testDocument() });
  const { port } = new URL(bench.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.write(
    'POST /files/mcp HTTP/1.1\r\nhost: localhost\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  );
  const [bytes] = await once(socket, 'data');
  assert.match(String(bytes), /^HTTP\/1\.1 400/);
  socket.destroy();
});

test('a readiness check may look and may not call', async () => {
  await using bench = await startBench({ answer: answersOk, document: testDocument() });
  const probe = await bearer(bench, { token_use: 'probe' });
  assert.equal((await bench.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, probe)).status, 200);
  assert.equal((await errorOf(await bench.post(callOf('read'), probe))).reason, 'unknown_method');
});

test('beside the routes there are health, readiness, metrics and the state of the configuration', async () => {
  await using bench = await startBench({ answer: answersOk, document: testDocument() });
  await bench.post(callOf('read'), await bearer(bench));
  assert.equal(await (await fetch(`${bench.gateway.url}/health`)).text(), 'ok');
  assert.equal(await (await fetch(`${bench.gateway.url}/ready`)).text(), 'ready');
  const metrics = await (await fetch(`${bench.gateway.url}/metrics`)).text();
  assert.match(metrics, /mcp_gateway_requests_total\{[^}]*rpc_method="tools\/call"[^}]*\} 1/);
  const text = await (await fetch(`${bench.gateway.url}/config/status`)).text();
  const status: object = JSON.parse(text.replace(/,"in_force_since":"[^"]+"/, ''));
  assert.deepEqual(status, {
    ready: true,
    schema_version: 'v1',
    revision: 'r1',
    servers: [{ path: '/files/mcp', server: 'mcp-servers/files', revision: 'r1' }],
  });
});

async function waitFor(condition: () => boolean): Promise<string> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  return 'condition';
}
