import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERRORS, HEADERS } from '@mcp-runtime/api';
import { DEFAULT_LIMITS } from './options.ts';
import { OK_RESULT, answersOk, callOf, startBench, testDocument } from './testing/bench.ts';
import { bearer, errorOf } from './testing/caller.ts';
import { until } from './testing/until.ts';
import { type Answer, sendJson } from './testing/upstream.ts';

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

test('without a valid policy every request is refused', async () => {
  await using bench = await startBench({ answer: answersOk });
  const response = await bench.post(callOf('read'));
  assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '1']);
  assert.equal((await errorOf(response)).reason, 'policy_unavailable');
  assert.equal((await fetch(`${bench.gateway.adminUrl}/ready`)).status, 503);
});

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

test('a readiness check may look and may not call', async () => {
  await using bench = await startBench({ answer: answersOk, document: testDocument() });
  const probe = await bearer(bench, { token_use: 'probe' });
  assert.equal((await bench.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, probe)).status, 200);
  assert.equal((await errorOf(await bench.post(callOf('read'), probe))).reason, 'unknown_method');
});

test('one request too many at once is told to come again, and the others go on', async () => {
  const limits = { ...DEFAULT_LIMITS, maxInFlight: 1 };
  const release = Promise.withResolvers<void>();
  const answer: Answer = (_, response) => void release.promise.then(() => sendJson(response, OK_RESULT));
  await using bench = await startBench({ answer, document: testDocument(), options: { limits } });
  const headers = await bearer(bench);
  const first = bench.post(callOf('read'), headers);
  await until(() => bench.upstream.seen.length === 1);
  const second = await bench.post(callOf('read'), headers);
  assert.deepEqual([second.status, second.headers.get('retry-after')], [503, '1']);
  assert.equal((await errorOf(second)).reason, 'overloaded');
  release.resolve();
  assert.equal((await first).status, 200);
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
