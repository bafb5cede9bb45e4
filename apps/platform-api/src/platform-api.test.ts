import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type AuditEvent, JWKS_PATH, type RuntimeStatus, SessionTokenKeys } from '@mcp-runtime/api';
import { Secret, silentLogger } from '@mcp-runtime/base';
import { keyFile, openKeyRing } from '@mcp-runtime/control-plane';
import { openEventStore } from '@mcp-runtime/events';
import { openMemoryStore } from '@mcp-runtime/kube';
import { type ApiRefusal } from './parts.ts';
import { type PlatformApi, startPlatformApi } from './start.ts';

const TOKEN = 'the-admin-token';
const server = {
  apiVersion: 'mcpruntime.org/v1alpha1',
  kind: 'MCPServer',
  metadata: { name: 'files' },
  spec: { source: { command: { command: 'x' } } },
};
const session = {
  apiVersion: 'mcpruntime.org/v1alpha1',
  kind: 'MCPAgentSession',
  metadata: { name: 's' },
  spec: { serverRef: { name: 'files' }, subject: { humanID: 'alice', agentID: 'agent' } },
};

interface Opened extends AsyncDisposable {
  readonly api: PlatformApi;
  readonly shutdowns: readonly string[];
  readonly refusals: readonly ApiRefusal[];
  tell(event: AuditEvent): void;
  call(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;
}

async function open(): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'api-'));
  const client = openMemoryStore({ clock: () => Date.now() });
  const store = await openEventStore({ path: join(folder, 'events.sqlite') });
  const listeners = new Set<(event: AuditEvent) => void>();
  const shutdowns: string[] = [];
  const refusals: ApiRefusal[] = [];
  const status: RuntimeStatus = {
    instance: 'i',
    version: '0',
    pid: 1,
    startedAt: '2026-01-01T00:00:00Z',
    gatewayUrl: 'http://gateway',
    apiUrl: 'http://api',
    dataDir: folder,
    servers: { ready: 0, total: 0 },
    audit: { writable: true, events: 0 },
  };
  const api = await startPlatformApi(
    { host: '127.0.0.1', port: 0 },
    {
      client,
      events: {
        store,
        drained: async () => {},
        verify: () => store.verify(),
        subscribe: (listener) => {
          listeners.add(listener);
          return () => void listeners.delete(listener);
        },
      },
      logs: {
        read: async (_, tail) => ['one', 'two', 'three'].slice(-tail),
        follow: (_, __, onLine) => onLine('four'),
      },
      keyRing: await openKeyRing(keyFile(join(folder, 'key.json')), () => Date.now()),
      adminToken: new Secret(TOKEN),
      policy: () => undefined,
      status: async () => status,
      urlOf: (path) => `http://gateway${path}`,
      recordRefusal: async (refusal) => void refusals.push(refusal),
      shutDown: () => void shutdowns.push('asked'),
      hosts: { allowedHosts: [], allowedOrigins: [], scope: 'loopback' },
      clock: () => Date.now(),
      log: silentLogger,
    },
  );
  return {
    api,
    shutdowns,
    refusals,
    tell: (event) => {
      for (const listener of listeners) listener(event);
    },
    call: async (method, path, body) => {
      const response = await fetch(`${api.url}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${TOKEN}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: JSON.parse(await response.text()) };
    },
    [Symbol.asyncDispose]: async () => {
      await api.close();
      await store.close();
      await client.close();
      await rm(folder, { recursive: true });
    },
  };
}

test('every route but health and the public keys needs the credential', async () => {
  await using opened = await open();
  assert.equal((await fetch(`${opened.api.url}/health`)).status, 200);
  for (const path of ['/runtime/status', '/runtime/servers', '/events', '/nothing']) {
    const bare = await fetch(`${opened.api.url}/api/v1${path}`);
    const wrong = await fetch(`${opened.api.url}/api/v1${path}`, { headers: { authorization: `Bearer ${TOKEN}x` } });
    assert.deepEqual([bare.status, wrong.status], [401, 401], path);
    assert.match(await bare.text(), /needs a credential/);
    assert.match(await wrong.text(), /not the credential of the platform API/);
  }
  const told = { reason: 'unauthorized', method: 'GET', path: '/api/v1/nothing', clientAddress: '127.0.0.1' };
  assert.equal(opened.refusals.length, 8);
  assert.deepEqual(opened.refusals.at(-1), told);
});

test('the public keys are there for everybody, and a rotation changes what signs', async () => {
  await using opened = await open();
  const published = async (): Promise<SessionTokenKeys> =>
    SessionTokenKeys.parse(await (await fetch(`${opened.api.url}${JWKS_PATH}`)).json());
  const before = await published();
  assert.equal(before.keys.length, 1);
  const rotated = await opened.call('POST', '/runtime/keys/rotate', { algorithm: 'ES256' });
  assert.deepEqual(rotated.body, await published());
  assert.deepEqual(
    (await published()).keys.map(({ alg }) => alg),
    ['ES256', 'EdDSA'],
  );
  await opened.call('POST', '/runtime/keys/rotate', { retire: 'now' });
  assert.deepEqual([(await published()).keys.length, (await published()).issuer], [1, before.issuer]);
  const bare = await fetch(`${opened.api.url}/api/v1/runtime/keys/rotate`, { method: 'POST' });
  assert.equal(bare.status, 401);
});

test('a page of somebody else cannot use the credential of a browser', async () => {
  await using opened = await open();
  const headers = { authorization: `Bearer ${TOKEN}`, origin: 'https://evil.example' };
  assert.equal((await fetch(`${opened.api.url}/api/v1/runtime/status`, { headers })).status, 403);
  const forged = request(`${opened.api.url}/api/v1/runtime/status`, {
    headers: { authorization: `Bearer ${TOKEN}`, host: 'evil.example' },
  });
  forged.end();
  const [response] = await once(forged, 'response');
  assert.equal(response.statusCode, 403);
  assert.deepEqual(
    opened.refusals.map(({ reason }) => reason),
    ['host_not_allowed', 'host_not_allowed'],
  );
});

test('resources are applied, read, toggled and removed', async () => {
  await using opened = await open();
  const call: Opened['call'] = (...args) => opened.call(...args);
  const applied = await call('POST', '/runtime/apply', { resources: [server, session] });
  assert.equal(applied.status, 200);
  assert.equal((await call('GET', '/runtime/servers/mcp-servers/files')).status, 200);
  assert.ok(Array.isArray((await call('GET', '/runtime/servers')).body['servers']));
  const revoked = await call('PATCH', '/runtime/sessions/mcp-servers/s', { revoked: true });
  assert.deepEqual(revoked.body, { success: true, namespace: 'mcp-servers', name: 's', changed: true });
  assert.equal((await call('POST', '/runtime/sessions/mcp-servers/s/token', {})).body['error'], 'session_revoked');
  await call('PATCH', '/runtime/sessions/mcp-servers/s', { revoked: false });
  const token = await call('POST', '/runtime/sessions/mcp-servers/s/token', {});
  assert.equal(token.body['endpoint'], 'http://gateway/files/mcp');
  assert.equal((await call('DELETE', '/runtime/servers/mcp-servers/files?dry_run=true')).body['changed'], true);
  assert.equal((await call('DELETE', '/runtime/servers/mcp-servers/files')).body['changed'], true);
  assert.equal((await call('DELETE', '/runtime/servers/mcp-servers/files')).body['changed'], false);
  assert.equal((await call('GET', '/runtime/servers/mcp-servers/files')).body['error'], 'not_found');
});

const BAD: readonly (readonly [method: string, path: string, body: unknown, status: number, code: string])[] = [
  ['POST', '/runtime/apply', { resources: [{ ...server, spec: {} }] }, 400, 'invalid_resource'],
  ['POST', '/runtime/apply', { resources: [] }, 400, 'invalid_request'],
  ['POST', '/runtime/apply', { resources: [server], extra: 1 }, 400, 'invalid_request'],
  ['PATCH', '/runtime/grants/mcp-servers/none', { disabled: true }, 404, 'not_found'],
  ['PATCH', '/runtime/grants/mcp-servers/none', { disabled: 'yes' }, 400, 'invalid_request'],
  ['GET', '/runtime/servers/UPPER/files', undefined, 400, 'invalid_request'],
  ['GET', '/events?limit=0', undefined, 400, 'invalid_request'],
  ['GET', '/events?from=yesterday', undefined, 400, 'invalid_request'],
  ['GET', '/runtime/policy?namespace=mcp-servers&server=none', undefined, 404, 'not_found'],
  ['GET', '/nothing', undefined, 404, 'not_found'],
];

for (const [method, path, body, status, code] of BAD) {
  test(`${method} ${path} ${JSON.stringify(body) ?? ''} is ${status} ${code}`, async () => {
    await using opened = await open();
    const answer = await opened.call(method, path, body);
    assert.deepEqual([answer.status, answer.body['error']], [status, code]);
    assert.equal(typeof answer.body['requestId'], 'string');
  });
}

test('a body that is no JSON or too large is refused', async () => {
  await using opened = await open();
  const send = (body: string, type: string) =>
    fetch(`${opened.api.url}/api/v1/runtime/apply`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': type },
      body,
    });
  assert.equal((await send('{', 'application/json')).status, 400);
  assert.equal((await send('{}', 'text/plain')).status, 415);
  assert.equal((await send(`"${'a'.repeat(9 * 1024 * 1024)}"`, 'application/json')).status, 413);
});

test('logs are read and followed', async () => {
  await using opened = await open();
  await opened.call('POST', '/runtime/apply', { resources: [server] });
  const headers = { authorization: `Bearer ${TOKEN}` };
  const path = `${opened.api.url}/api/v1/runtime/servers/mcp-servers/files/logs`;
  assert.equal(await (await fetch(`${path}?tail=2`, { headers })).text(), 'two\nthree\n');
  const followed = await fetch(`${path}?tail=1&follow=true`, { headers });
  const reader = followed.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('four')) text += (await reader?.read())?.value ?? '';
  assert.equal(text, 'three\nfour\n');
  await reader?.cancel();
});

test('a stop that is asked for is passed on', async () => {
  await using opened = await open();
  assert.equal((await opened.call('POST', '/runtime/shutdown', {})).status, 202);
  assert.deepEqual(opened.shutdowns, ['asked']);
});
