import assert from 'node:assert/strict';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MCPAccessGrant, MCPAgentSession } from '@mcp-runtime/api';
import { runCli } from '../../testing/program.ts';
import { startScriptedApi } from '../../testing/scripted-api.ts';

const ENVELOPE = { apiVersion: 'mcpruntime.org/v1alpha1', metadata: { name: 'a', namespace: 'mcp-servers' } };
const ABOUT = { serverRef: { name: 'files' }, subject: { humanID: 'alice', agentID: 'bot' } };
const GRANT = MCPAccessGrant.parse({
  ...ENVELOPE,
  kind: 'MCPAccessGrant',
  spec: { ...ABOUT, disabled: true, toolRules: [{ name: 'x', decision: 'deny' }] },
});
const SESSION = MCPAgentSession.parse({
  ...ENVELOPE,
  kind: 'MCPAgentSession',
  spec: { ...ABOUT, expiresAt: '2001-01-01T00:00:00Z' },
});
const change = (changed: boolean) => () => ({ body: { success: true, namespace: 'mcp-servers', name: 'a', changed } });

test('lists grants with who they are for and whether they count', async () => {
  await using api = await startScriptedApi({ 'GET /runtime/grants': () => ({ body: { grants: [GRANT] } }) });
  const ran = await runCli(['access', 'grant', 'list', '--server', 'files'], { env: api.env });
  assert.match(ran.stdout, /a +mcp-servers +files +human:alice agent:bot +low +none +disabled/);
  assert.deepEqual(api.asked[0]?.line, 'GET /runtime/grants?server=files');
});

test('lists sessions, and says when one has expired', async () => {
  await using api = await startScriptedApi({ 'GET /runtime/sessions': () => ({ body: { sessions: [SESSION] } }) });
  const ran = await runCli(['access', 'session', 'list'], { env: api.env });
  assert.match(ran.stdout, /2001-01-01T00:00:00Z +expired/);
});

for (const [observedGeneration, state] of [
  [1, 'server not found'],
  [2, 'live'],
] as const) {
  test(`a session of generation 1 with a status of generation ${observedGeneration} is shown as ${state}`, async () => {
    const session = {
      ...SESSION,
      metadata: { ...SESSION.metadata, generation: 1 },
      spec: { ...SESSION.spec, expiresAt: undefined },
      status: { observedGeneration, phase: 'ServerNotFound' },
    };
    await using api = await startScriptedApi({ 'GET /runtime/sessions': () => ({ body: { sessions: [session] } }) });
    const ran = await runCli(['access', 'session', 'list'], { env: api.env });
    assert.match(ran.stdout, new RegExp(`never +${state}\\s*$`));
  });
}

test('an empty list says what to do', async () => {
  await using api = await startScriptedApi({ 'GET /runtime/grants': () => ({ body: { grants: [] } }) });
  const ran = await runCli(['access', 'grant', 'list'], { env: api.env });
  assert.equal(ran.stdout, 'no grants; mcp-runtime access grant init --help tells how to make one\n');
});

test('shows a grant with its rules, and whole as YAML', async () => {
  await using api = await startScriptedApi({ 'GET /runtime/grants/mcp-servers/a': () => ({ body: { grant: GRANT } }) });
  const people = await runCli(['access', 'grant', 'get', 'a'], { env: api.env });
  assert.match(people.stdout, /tool +x +deny/);
  const machine = await runCli(['access', 'grant', 'get', 'a', '-o', 'json'], { env: api.env });
  assert.deepEqual(JSON.parse(machine.stdout), GRANT);
});

const CHANGES = [
  {
    words: 'grant disable a',
    line: 'PATCH /runtime/grants/mcp-servers/a',
    body: { disabled: true, dryRun: false },
    says: 'disabled',
  },
  {
    words: 'grant enable a',
    line: 'PATCH /runtime/grants/mcp-servers/a',
    body: { disabled: false, dryRun: false },
    says: 'enabled',
  },
  {
    words: 'session revoke a',
    line: 'PATCH /runtime/sessions/mcp-servers/a',
    body: { revoked: true, dryRun: false },
    says: 'revoked',
  },
  {
    words: 'session unrevoke a',
    line: 'PATCH /runtime/sessions/mcp-servers/a',
    body: { revoked: false, dryRun: false },
    says: 'live again',
  },
  { words: 'grant delete a', line: 'DELETE /runtime/grants/mcp-servers/a', body: undefined, says: 'deleted' },
  {
    words: 'session delete a --dry-run',
    line: 'DELETE /runtime/sessions/mcp-servers/a?dry_run=true',
    body: undefined,
    says: 'would be deleted',
  },
] as const;

for (const { words, line, body, says } of CHANGES) {
  test(`access ${words}`, async () => {
    const path = line.split('?')[0] ?? '';
    const noun = words.split(' ')[0];
    await using first = await startScriptedApi({ [path]: change(true) });
    const ran = await runCli(['access', ...words.split(' ')], { env: first.env });
    assert.deepEqual(ran, { status: 0, stdout: `${noun} mcp-servers/a ${says}\n`, stderr: '' });
    assert.partialDeepStrictEqual(first.asked, [{ line, body }]);

    await using again = await startScriptedApi({ [path]: change(false) });
    const second = await runCli(['access', ...words.split(' ')], { env: again.env });
    assert.equal(second.status, 0);
    assert.notEqual(second.stdout, ran.stdout);
  });
}

test('session token prints the token and nothing else, so that a shell can take it', async () => {
  const result = { token: 'e.y.j', expiresAt: '2027-01-01T00:00:00Z', audience: 'urn:a' };
  await using api = await startScriptedApi({
    'POST /runtime/sessions/mcp-servers/a/token': () => ({ body: result }),
  });
  const plain = await runCli(['access', 'session', 'token', 'a', '--ttl-seconds', '60'], { env: api.env });
  assert.deepEqual(plain, { status: 0, stdout: 'e.y.j\n', stderr: '' });
  assert.deepEqual(api.asked[0]?.body, { ttlSeconds: 60 });
  const json = await runCli(['access', 'session', 'token', 'a', '-o', 'json'], { env: api.env });
  assert.deepEqual(JSON.parse(json.stdout), result);
});

test('session token binds to a key, and says what is wrong with one', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'cli-access-'));
  const key = join(folder.path, 'key.json');
  // The key of RFC 9449 §4.1, whose thumbprint is in its §6.1.
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs',
    y: '9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA',
  };
  await writeFile(key, JSON.stringify(jwk));
  const result = { token: 'e.y.j', expiresAt: '2027-01-01T00:00:00Z', audience: 'urn:a' };
  await using api = await startScriptedApi({
    'POST /runtime/sessions/mcp-servers/a/token': () => ({ body: result }),
  });
  const issue = (...flags: readonly string[]) =>
    runCli(['access', 'session', 'token', 'a', ...flags], { env: api.env });
  const jkt = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I';
  assert.equal((await issue('--dpop-key', key)).status, 0);
  assert.equal((await issue('--dpop-jkt', jkt)).status, 0);
  assert.deepEqual(
    api.asked.map(({ body }) => body),
    [
      { ttlSeconds: 3600, confirmation: { jkt } },
      { ttlSeconds: 3600, confirmation: { jkt } },
    ],
  );
  assert.equal((await issue('--dpop-jkt', 'x')).status, 64);
  assert.equal((await issue('--dpop-jkt', jkt, '--dpop-key', key)).status, 64);
  assert.equal((await issue('--client-cert', key)).status, 78);
  assert.equal((await issue('--dpop-key', join(folder.path, 'none'))).status, 78);
  assert.equal(api.asked.length, 2);
});

test('keys are listed and rotated, and as JSON they are a key set for gateways', async () => {
  const keys = [
    { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'new', alg: 'ES256' },
    { kty: 'OKP', crv: 'Ed25519', x: 'x', kid: 'old', alg: 'EdDSA', exp: 1_800_000_000 },
  ];
  const body = { issuer: 'urn:mcp-runtime:issuer:a', keys };
  await using api = await startScriptedApi({
    'GET /runtime/keys': () => ({ body }),
    'POST /runtime/keys/rotate': () => ({ body }),
  });
  const rotated = await runCli(['access', 'key', 'rotate', '--algorithm', 'ES256', '--retire-now'], { env: api.env });
  assert.match(rotated.stdout, /new +ES256 +signs\nold +EdDSA +until 2027-01-15T08:00:00Z/);
  assert.deepEqual(api.asked[0]?.body, { algorithm: 'ES256', retire: 'now' });
  const json = await runCli(['access', 'key', 'list', '-o', 'json'], { env: api.env });
  assert.deepEqual(JSON.parse(json.stdout), body);
});

test('what the API refuses is told with its code and exit status', async () => {
  const refusal = {
    status: 401,
    body: { error: 'session_revoked', message: 'session `a` was revoked', requestId: '1' },
  };
  await using api = await startScriptedApi({ 'POST /runtime/sessions/mcp-servers/a/token': () => refusal });
  const ran = await runCli(['access', 'session', 'token', 'a'], { env: api.env });
  assert.deepEqual(ran, { status: 77, stdout: '', stderr: 'error: session `a` was revoked (session_revoked)\n' });
});
