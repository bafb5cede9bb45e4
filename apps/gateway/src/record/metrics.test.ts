import assert from 'node:assert/strict';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { METRICS } from '@mcp-runtime/api';
import { silentLogger } from '@mcp-runtime/base';
import { compilePolicy, stamp } from '@mcp-runtime/policy';
import { holdTokenKeys } from '../identify/token-keys.ts';
import { watchPolicyFile } from '../policy-source/file.ts';
import { type Bench, OK_RESULT, callOf, startBench, testDocument } from '../testing/bench.ts';
import { bearer } from '../testing/caller.ts';
import { createTokenSigner } from '../testing/token-signer.ts';
import { type Answer, sendJson } from '../testing/upstream.ts';

const SERVER = 'namespace="mcp-servers",server="files"';
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};

/** Opens a session, keeps a stream open, and calls. */
const answer: Answer = ({ method, body }, response) => {
  if (method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': open\n\n');
  } else if (method === 'DELETE') response.writeHead(204).end();
  else if (body.includes('"initialize"'))
    sendJson(response, { jsonrpc: '2.0', id: 1, result: {} }, { 'mcp-session-id': 'one' });
  else sendJson(response, OK_RESULT);
};

async function metricsOf({ gateway }: Bench): Promise<string> {
  const response = await fetch(`${gateway.adminUrl}/metrics`);
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  return response.text();
}

/** The value of a series; undefined when there is none. */
function valueOf(text: string, series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

test('every metric of the table is told, with its labels, and no other of ours is', async () => {
  const state = () => ({ connected: true, lastContactAt: Date.now(), faults: 0 });
  await using bench = await startBench({
    answer,
    document: testDocument(),
    options: { policySource: { state, hasSynced: () => true } },
  });
  const text = await metricsOf(bench);
  const told = [...text.matchAll(/^# TYPE (mcp_\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  const ofTls = [METRICS.tlsReloads, METRICS.tlsNotAfter, METRICS.tlsFailures].map(({ name }) => name);
  const table = Object.values(METRICS).filter(({ name }) => !ofTls.some((tls) => tls === name));
  assert.deepEqual(told.toSorted(), table.map(({ name, type }) => `${name} ${type}`).toSorted());
  for (const name of [
    'process_resident_memory_bytes',
    'process_cpu_seconds_total',
    'nodejs_eventloop_lag_p99_seconds',
  ]) {
    assert.ok(valueOf(text, name) !== undefined, name);
  }
});

test('decisions, durations, sessions, streams and connections', async () => {
  let now = Date.now();
  await using bench = await startBench({ answer, document: testDocument(), options: { clock: () => now } });
  const auth = await bearer(bench);
  const session = {
    ...auth,
    'mcp-session-id': (await bench.post(INITIALIZE, auth)).headers.get('mcp-session-id') ?? '',
  };
  await bench.post(callOf('read'), session);
  await bench.post(callOf('write'), session);
  await bench.post(callOf('read'), {});
  const stop = new AbortController();
  const stream = await fetch(bench.url, { headers: { ...session, accept: 'text/event-stream' }, signal: stop.signal });
  assert.equal(stream.status, 200);
  now += 30_000;
  const text = await metricsOf(bench);
  const scope = `${SERVER},cluster="",team_id=""`;
  const decided = (rest: string) => valueOf(text, `mcp_gateway_policy_decisions_total{${scope},${rest}}`);
  const call = 'rpc_method="tools/call"';
  assert.equal(decided(`${call},decision="allow",reason="allowed"`), 1);
  assert.equal(decided(`${call},decision="deny",reason="missing_bearer_token"`), 1);
  assert.match(text, /mcp_gateway_request_duration_seconds_bucket\{le="0\.001",[^}]*rpc_method="tools\/call"/);
  assert.equal(valueOf(text, `mcp_gateway_sessions_opened_total{${SERVER}}`), 1);
  assert.equal(valueOf(text, `mcp_gateway_sessions_ended_total{${SERVER}}`), undefined);
  assert.equal(valueOf(text, `mcp_gateway_open_streams{${SERVER}}`), 1);
  assert.equal(valueOf(text, 'mcp_gateway_inflight_requests'), 1);
  assert.equal(valueOf(text, 'mcp_gateway_upstream_connections{state="busy"}'), 1);
  assert.ok(Number(valueOf(text, 'mcp_gateway_upstream_connections_opened_total')) >= 1);
  assert.ok(Number(valueOf(text, 'mcp_gateway_client_connections')) >= 2);
  assert.equal(valueOf(text, `mcp_gateway_policy_info{${SERVER},revision="r1"}`), 1);
  assert.equal(valueOf(text, 'mcp_gateway_ready'), 1);
  assert.equal(valueOf(text, 'mcp_gateway_audit_writable'), 1);

  stop.abort();
  assert.equal((await fetch(bench.url, { method: 'DELETE', headers: session })).status, 204);
  const after = await metricsOf(bench);
  assert.equal(valueOf(after, `mcp_gateway_sessions_ended_total{${SERVER}}`), 1);
  assert.equal(valueOf(after, `mcp_gateway_open_streams{${SERVER}}`), 0);
});

test('age, revision and propagation of a policy', async () => {
  await using bench = await startBench({ answer, document: testDocument() });
  const at = Date.now();
  bench.policy.publish(compilePolicy(testDocument({ revision: 'r2' })), at - 3000);
  const text = await metricsOf(bench);
  assert.equal(valueOf(text, `mcp_gateway_policy_info{${SERVER},revision="r2"}`), 1);
  assert.equal(valueOf(text, `mcp_gateway_policy_info{${SERVER},revision="r1"}`), undefined);
  assert.ok(Number(valueOf(text, `mcp_gateway_policy_age_seconds{${SERVER}}`)) >= 0);
  assert.equal(valueOf(text, `mcp_gateway_policy_propagation_seconds_count{${SERVER}}`), 1);
  assert.equal(valueOf(text, `mcp_gateway_policy_propagation_seconds_bucket{le="2.5",${SERVER}}`), 0);
  bench.policy.withdraw();
  const without = await metricsOf(bench);
  assert.equal(valueOf(without, `mcp_gateway_policy_age_seconds{${SERVER}}`), undefined);
  assert.equal(valueOf(without, 'mcp_gateway_ready'), 0);
});

test('a policy file was published when it was modified', async () => {
  await using bench = await startBench({ answer });
  const folder = await mkdtemp(join(tmpdir(), 'policy-'));
  try {
    const path = join(folder, 'policy.json');
    await writeFile(path, JSON.stringify(stamp(testDocument())));
    await using _file = await watchPolicyFile({ path, holder: bench.policy, log: silentLogger });
    const first = bench.policy.current();
    assert.equal(valueOf(await metricsOf(bench), `mcp_gateway_policy_propagation_seconds_count{${SERVER}}`), undefined);
    await writeFile(path, JSON.stringify(stamp(testDocument({ grants: [] }))));
    const before = new Date(Date.now() - 20_000);
    await utimes(path, before, before);
    while (bench.policy.current() === first) await new Promise((resolve) => setTimeout(resolve, 20));
    const text = await metricsOf(bench);
    assert.equal(valueOf(text, `mcp_gateway_policy_propagation_seconds_bucket{le="10",${SERVER}}`), 0);
    assert.equal(valueOf(text, `mcp_gateway_policy_propagation_seconds_bucket{le="60",${SERVER}}`), 1);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('labels cannot be made up', async () => {
  await using bench = await startBench({ answer, document: testDocument() });
  const auth = await bearer(bench);
  for (let n = 0; n < 20; n++) {
    await bench.post({ jsonrpc: '2.0', id: 1, method: `made/up${n}` }, auth);
    await bench.post(callOf(`made-up-${n}`), auth);
    await fetch(`${bench.gateway.url}/made/up${n}`);
  }
  const text = await metricsOf(bench);
  assert.doesNotMatch(text, /made/);
  assert.equal(valueOf(text, 'mcp_gateway_unrouted_requests_total{reason="not_found"}'), 20);
});

test('not ready, and why', async () => {
  let state: 'writable' | 'unwritable' = 'writable';
  const tokenKeys = holdTokenKeys();
  const options = { tokenKeys };
  await using bench = await startBench({ answer, options, audit: { state: () => state }, strict: 'strict' });
  const ready = async (): Promise<unknown> => {
    const response = await fetch(`${bench.gateway.adminUrl}/ready`);
    return response.status === 200 ? 'ready' : JSON.parse(await response.text());
  };
  assert.deepEqual(await ready(), { status: 'not_ready', reason: 'policy_not_loaded', reasons: ['policy_not_loaded'] });
  bench.policy.publish(compilePolicy(testDocument()));
  state = 'unwritable';
  const reasons = ['keys_not_loaded', 'audit_unavailable'];
  assert.deepEqual(await ready(), { status: 'not_ready', reason: 'keys_not_loaded', reasons });
  const status: { not_ready: unknown } = JSON.parse(
    await (await fetch(`${bench.gateway.adminUrl}/config/status`)).text(),
  );
  assert.deepEqual(status.not_ready, reasons);
  state = 'writable';
  tokenKeys.publish({ keys: [(await createTokenSigner('k')).key] });
  assert.equal(await ready(), 'ready');
});
