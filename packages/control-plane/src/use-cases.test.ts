import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ErrorCode, TOKEN_CLAIMS, asAppError } from '@mcp-runtime/api';
import { type ResourceStore, openMemoryStore } from '@mcp-runtime/kube';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { setGrantDisabled, setSessionRevoked } from './access.ts';
import { applyResources } from './apply.ts';
import { deployServer } from './deploy.ts';
import { GRANTS, SERVERS, SESSIONS } from './resource-types.ts';
import { issueSessionToken } from './tokens/session-token.ts';
import { openKeyRing } from './tokens/key-ring.ts';
import { keyFile } from './tokens/key-storage.ts';

const API = { apiVersion: 'mcpruntime.org/v1alpha1' };
const NOW = Date.parse('2026-01-01T00:00:00Z');
const KEY = { namespace: 'mcp-servers', name: 'a' };
const FILES = { fieldManager: 'files' };

const server = {
  ...API,
  kind: 'MCPServer',
  metadata: { name: 'a' },
  spec: { source: { command: { command: 'x' } }, session: { maxLifetime: '2h' } },
};
const grant = {
  ...API,
  kind: 'MCPAccessGrant',
  metadata: { name: 'a' },
  spec: { serverRef: { name: 'a' }, subject: { humanID: 'alice' }, maxTrust: 'low', allowedSideEffects: ['read'] },
};
const session = {
  ...API,
  kind: 'MCPAgentSession',
  metadata: { name: 'a' },
  spec: { serverRef: { name: 'a' }, subject: { humanID: 'alice', agentID: 'agent' }, revoked: false },
};

function openStore(): ResourceStore {
  return openMemoryStore({ clock: () => NOW });
}

async function codeOf(work: Promise<unknown>): Promise<ErrorCode | 'resolved'> {
  return work.then(
    () => 'resolved',
    (error: unknown) => asAppError(error).code,
  );
}

test('resources are created, left alone, and configured', async () => {
  await using store = openStore();
  const actions = async (resources: readonly unknown[]) =>
    (await applyResources(store, resources, FILES)).map(({ action }) => action);
  assert.deepEqual(await actions([server, grant, session]), ['created', 'created', 'created']);
  assert.deepEqual(await actions([server, grant, session]), ['unchanged', 'unchanged', 'unchanged']);
  const wider = { ...grant, spec: { ...grant.spec, maxTrust: 'high' } };
  assert.deepEqual(await actions([server, wider]), ['unchanged', 'configured']);
});

test('what a store tells of an object can be applied, also when the object has changed since', async () => {
  await using store = openStore();
  await applyResources(store, [server, grant], FILES);
  const told = await store.get(GRANTS, KEY);
  await setGrantDisabled(store, KEY, true);
  assert.equal(
    await codeOf(applyResources(store, [{ ...told, spec: { ...told?.spec, maxTrust: 'high' } }], FILES)),
    'conflict',
  );
  const taken = await applyResources(store, [told], { ...FILES, force: 'force' });
  assert.deepEqual(
    taken.map(({ action }) => action),
    ['configured'],
  );
  assert.equal((await store.get(GRANTS, KEY))?.spec.disabled, false);
});

test('one faulty resource leaves all the others untouched', async () => {
  await using store = openStore();
  const faulty = { ...grant, spec: { ...grant.spec, maxTrust: 'hihg' } };
  assert.equal(await codeOf(applyResources(store, [server, faulty], FILES)), 'invalid_resource');
  assert.equal(await codeOf(applyResources(store, [server, { kind: 'Pod' }], FILES)), 'invalid_resource');
  assert.equal((await store.list(SERVERS)).items.length, 0);
});

test('a grant whose condition can never hold for the tools of its server is refused, whoever came first', async () => {
  await using store = openStore();
  const inputSchema = { type: 'object', properties: { path: { type: 'string' } } };
  const typed = { ...server, spec: { ...server.spec, tools: [{ name: 't', sideEffect: 'read', inputSchema }] } };
  const ruled = (condition: string) => ({
    ...grant,
    spec: { ...grant.spec, toolRules: [{ name: 't', decision: 'allow', condition }] },
  });
  const [mistyped, misnamed, right] = ['arguments.path > 3', 'arguments.pth == "a"', 'arguments.path == "a"'].map(
    ruled,
  );
  assert.equal(await codeOf(applyResources(store, [typed, mistyped], FILES)), 'invalid_resource');
  assert.equal((await store.list(SERVERS)).items.length, 0);
  await applyResources(store, [typed], FILES);
  await assert.rejects(
    applyResources(store, [misnamed], FILES),
    /^AppError: MCPAccessGrant mcp-servers\/a spec\.toolRules\[0\]\.condition: `arguments\.pth == "a"` for `t`: `arguments\.pth` is not in the input schema of the tool, allowed: path$/,
  );
  assert.equal(await codeOf(applyResources(store, [right], FILES)), 'resolved');
});

test('a dry run says what would happen and writes nothing', async () => {
  await using store = openStore();
  const results = await applyResources(store, [server], { ...FILES, dryRun: 'dry-run' });
  assert.deepEqual(
    results.map(({ action }) => action),
    ['created'],
  );
  assert.equal((await store.list(SERVERS)).items.length, 0);
});

test('applying a file again does not take a revocation back', async () => {
  await using store = openStore();
  await applyResources(store, [session], FILES);
  assert.equal(await setSessionRevoked(store, KEY, true), true);
  assert.equal(await setSessionRevoked(store, KEY, true), false);
  assert.equal(await codeOf(applyResources(store, [session], FILES)), 'conflict');
  assert.equal((await store.get(SESSIONS, KEY))?.spec.revoked, true);
});

test('a grant is disabled and enabled, and what does not exist is not found', async () => {
  await using store = openStore();
  await applyResources(store, [grant], FILES);
  await setGrantDisabled(store, KEY, true, { dryRun: 'dry-run' });
  assert.equal((await store.get(GRANTS, KEY))?.spec.disabled, false);
  await setGrantDisabled(store, KEY, true);
  assert.equal((await store.get(GRANTS, KEY))?.spec.disabled, true);
  assert.equal(await codeOf(setGrantDisabled(store, { ...KEY, name: 'b' }, true)), 'not_found');
});

test('a server is deployed once, and changed only when that is asked for', async () => {
  await using store = openStore();
  const deployment = { name: 'a', spec: server.spec, update: false, dryRun: false };
  await deployServer(store, deployment);
  assert.equal(await codeOf(deployServer(store, deployment)), 'already_exists');
  const changed = await deployServer(store, {
    ...deployment,
    spec: { ...server.spec, description: 'new' },
    update: true,
  });
  assert.deepEqual([changed.spec.description, changed.metadata.generation], ['new', 2]);
});

test('a token names the session, opens one server, and ends with whatever ends first', async () => {
  await using store = openStore();
  const folder = await mkdtemp(join(tmpdir(), 'key-'));
  const ring = await openKeyRing(keyFile(join(folder, 'key.json')), () => NOW);
  const key = ring.signingKey();
  const issue = (ttlSeconds: number) => issueSessionToken(KEY, { client: store, key, ttlSeconds, now: NOW });
  assert.equal(await codeOf(issue(60)), 'not_found');
  await applyResources(
    store,
    [server, { ...session, spec: { ...session.spec, expiresAt: '2026-01-01T01:00:00Z' } }],
    FILES,
  );
  const issued = await issue(86_400);
  assert.equal(issued.expiresAt, '2026-01-01T01:00:00.000Z');
  const { payload } = await jwtVerify(issued.token, createLocalJWKSet({ keys: [...ring.publicKeys().keys] }), {
    audience: 'urn:mcp-runtime:server:mcp-servers/a',
    currentDate: new Date(NOW),
  });
  assert.equal(payload[TOKEN_CLAIMS.confirmation], undefined);
  assert.deepEqual([payload.sub, payload[TOKEN_CLAIMS.agent], payload[TOKEN_CLAIMS.session]], ['alice', 'agent', 'a']);
  await applyResources(store, [{ ...session, spec: { ...session.spec, expiresAt: '2026-01-02T00:00:00Z' } }], FILES);
  assert.equal((await issue(86_400)).expiresAt, '2026-01-01T02:00:00.000Z');
  await setSessionRevoked(store, KEY, true);
  assert.equal(await codeOf(issue(60)), 'session_revoked');
  await rm(folder, { recursive: true });
});
