/** A gateway and a bridge that run alone, as in a pod. */
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { HEADERS, MCPAgentSession } from '@mcp-runtime/api';
import { keyFile, openKeyRing, signSessionToken } from '@mcp-runtime/control-plane';
import { z } from 'zod';
import { bearer, openAgent } from '../support/agent.ts';
import { connectSdkV1, connectSdkV2 } from '../support/clients.ts';
import { startProgram } from '../support/program.ts';
import { type Listening, startBridge, startGateway, writePolicy } from '../support/standalone.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until, untilTrue } from '../support/until.ts';

const EDITOR = { [HEADERS.agentId]: 'editor' };
const TRUSTING = ['--trust-headers-from', '127.0.0.0/8'];
const ConfigStatus = z.object({ ready: z.boolean(), revision: z.string(), last_reload_error: z.string().optional() });

const opened = new AsyncDisposableStack();
let folder: string;
let policy: string;
let bridge: Listening;
let base: readonly string[];

before(async () => {
  folder = opened.use(await tempDir()).path;
  policy = join(folder, 'policy.json');
  bridge = opened.use(await startBridge(folder));
  base = ['--policy', policy, '--upstream', bridge.url];
});

beforeEach(() => writePolicy(policy, { auth: 'header', tools: ['read_graph'] }, folder));

after(() => opened.disposeAsync());

async function statusOf({ url }: Listening): Promise<z.infer<typeof ConfigStatus>> {
  const response = await fetch(new URL('/config/status', url));
  return ConfigStatus.parse(await response.json());
}

test('serve bridge serves a stdio server to both generations of clients', async () => {
  for (const connect of [connectSdkV1, connectSdkV2]) {
    await using client = await connect({ url: bridge.url, token: 'none' });
    assert.ok((await client.tools()).includes('read_graph'));
    assert.match(await client.call('read_graph'), /"entities"/);
  }
});

test('serve bridge without a command says what is missing', async () => {
  await using program = await startProgram(['serve', 'bridge']);
  assert.equal((await program.exited).status, 64);
});

test('identity headers of a declared network are believed', async () => {
  await using gateway = await startGateway([...base, ...TRUSTING], folder);
  const agent = await openAgent(gateway.url, EDITOR);
  assert.equal((await agent.call('read_graph')).verdict, 'allowed');
  assert.equal((await agent.call('search_nodes', { query: 'a' })).verdict, 'tool_not_granted');
  assert.match((await agent.request('tools/list')).text, /read_graph/);
  const other = await openAgent(gateway.url, { [HEADERS.agentId]: 'somebody' });
  assert.equal((await other.call('read_graph')).verdict, 'no_matching_grant');
  const nobody = await openAgent(gateway.url, {});
  assert.equal((await nobody.call('read_graph')).verdict, 'missing_identity');
});

test('identity headers of any other network are refused', async () => {
  await using gateway = await startGateway([...base, '--trust-headers-from', '192.0.2.0/24'], folder);
  await assert.rejects(openAgent(gateway.url, EDITOR), /untrusted_identity_headers/);
});

test('session tokens are verified against the given keys', async () => {
  await writePolicy(policy, { auth: 'token', tools: ['read_graph'] }, folder);
  const ring = await openKeyRing(keyFile(join(folder, 'key.json')), Date.now);
  const otherRing = await openKeyRing(keyFile(join(folder, 'other-key.json')), Date.now);
  const jwks = join(folder, 'jwks.json');
  await writeFile(jwks, JSON.stringify(ring.publicKeys()));
  const session = (server: string): MCPAgentSession =>
    MCPAgentSession.parse({
      apiVersion: 'mcpruntime.org/v1alpha1',
      kind: 'MCPAgentSession',
      metadata: { name: 'memory', namespace: 'mcp-servers' },
      spec: { serverRef: { name: server }, subject: { agentID: 'editor' } },
    });
  const life = { issuedAtMs: Date.now(), expiresAtMs: Date.now() + 60_000 };
  await using gateway = await startGateway([...base, '--jwks', jwks], folder);
  const key = ring.signingKey();
  const { token } = await signSessionToken(key, session('memory'), life);
  const agent = await openAgent(gateway.url, bearer(token));
  assert.equal((await agent.call('read_graph')).verdict, 'allowed');
  const forged = await signSessionToken(otherRing.signingKey(), session('memory'), life);
  await assert.rejects(openAgent(gateway.url, bearer(forged.token)), /invalid_token/);
  const ofAnother = await signSessionToken(key, session('files'), life);
  await assert.rejects(openAgent(gateway.url, bearer(ofAnother.token)), /invalid_token/);
  await assert.rejects(openAgent(gateway.url, {}), /missing_bearer_token/);
  await writeFile(jwks, JSON.stringify(await ring.rotate({ algorithm: 'ES256', retire: 'now' })));
  const newer = await signSessionToken(ring.signingKey(), session('memory'), life);
  const agentAfter = await openAgent(gateway.url, bearer(newer.token));
  assert.equal((await agentAfter.call('read_graph')).verdict, 'allowed');
  await assert.rejects(openAgent(gateway.url, bearer(token)), /invalid_token/);
});

test('health, readiness, metrics and the state of the configuration', async () => {
  await using gateway = await startGateway([...base, ...TRUSTING], folder);
  for (const path of ['/health', '/ready', '/metrics']) {
    const response = await fetch(new URL(path, gateway.url));
    assert.equal(response.status, 200, path);
    assert.notEqual(await response.text(), '', path);
  }
  const { ready, revision } = await statusOf(gateway);
  assert.ok(ready);
  assert.match(revision, /^sha256:[0-9a-f]{64}$/);
});

test('a replaced policy file is in force without a restart, an invalid one is not', async () => {
  await using gateway = await startGateway([...base, ...TRUSTING], folder);
  const agent = await openAgent(gateway.url, EDITOR);
  assert.equal((await agent.call('read_graph')).verdict, 'allowed');

  const before = await statusOf(gateway);
  await writePolicy(policy, { auth: 'header', tools: ['search_nodes'] }, folder);
  const swapped = await until('the new policy is in force', async () => {
    const status = await statusOf(gateway);
    return status.revision === before.revision ? undefined : status;
  });
  assert.equal((await agent.call('read_graph')).verdict, 'tool_not_granted');
  assert.equal((await agent.call('search_nodes', { query: 'a' })).verdict, 'allowed');

  await writeFile(policy, '{"schema_version": "v1"');
  const kept = await until('the fault is told', async () => {
    const status = await statusOf(gateway);
    return status.last_reload_error === undefined ? undefined : status;
  });
  assert.equal(kept.revision, swapped.revision);
  assert.ok(kept.ready);
  assert.equal((await agent.call('search_nodes', { query: 'a' })).verdict, 'allowed');
  assert.equal((await agent.call('read_graph')).verdict, 'tool_not_granted');

  await writePolicy(policy, { auth: 'header', tools: ['read_graph'] }, folder);
  await untilTrue('a valid file counts again', async () => (await statusOf(gateway)).last_reload_error === undefined);
  assert.equal((await agent.call('read_graph')).verdict, 'allowed');
});

test('what is wrong with its settings is told before it serves', async () => {
  const invalid = join(folder, 'invalid.json');
  await writeFile(invalid, '{}');
  const cases = [
    [],
    ['--policy', policy],
    ['--policy', invalid, '--upstream', bridge.url],
    ['--policy', join(folder, 'absent.json'), '--upstream', bridge.url],
    base,
    [...base, '--trust-headers-from', 'everywhere'],
    [...base, '--trusted-proxy', 'the proxy'],
    [...base, '--jwks', invalid],
  ];
  for (const flags of cases) {
    await using program = await startProgram(['serve', 'gateway', '--listen', '127.0.0.1:0', ...flags]);
    assert.equal((await program.exited).status, 78, `${flags.join(' ')}: ${program.stderr()}`);
  }
});

test('decisions are kept in --audit-dir', async () => {
  const dir = join(folder, 'audit');
  await using gateway = await startGateway([...base, ...TRUSTING, '--audit-dir', dir], folder);
  const agent = await openAgent(gateway.url, EDITOR);
  await agent.call('read_graph');
  gateway.program.kill('SIGTERM');
  assert.equal((await gateway.program.exited).status, 0, gateway.program.stderr());
  assert.notDeepEqual(await readdir(dir), []);
});
