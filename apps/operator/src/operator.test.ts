import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, type MCPServer, type ObjectKey, type PolicyDocument, keyText } from '@mcp-runtime/api';
import { silentLogger } from '@mcp-runtime/base';
import { GRANTS, SERVERS, SESSIONS, setSessionRevoked } from '@mcp-runtime/control-plane';
import { type ResourceStore, openMemoryStore } from '@mcp-runtime/kube';
import { type HostServer, type HostState } from './host/index.ts';
import { startOperator } from './operator.ts';
import { type GatewayPublisher, type Handshake, type PublishedRoute } from './ports.ts';

const API = { apiVersion: 'mcpruntime.org/v1alpha1' };
const handshake: Handshake = { protocolVersion: '2025-11-25', serverInfo: { name: 'x', version: '1' }, tools: [] };

/** What was published, and a host whose servers run as soon as they are asked for. */
class Surroundings implements GatewayPublisher {
  readonly routes = new Map<string, PublishedRoute>();
  readonly policies = new Map<string, PolicyDocument>();
  readonly ensured = new Map<string, HostServer>();
  probes = 0;
  answers = true;
  tools: Handshake['tools'] = [];
  state: HostState = { phase: 'running', upstreamUrl: 'http://127.0.0.1:9/mcp', pids: [1], restarts: 0 };

  readonly infrastructure = {
    ensure: (server: HostServer): void => void this.ensured.set(keyText(server.key), server),
    remove: async (key: ObjectKey): Promise<void> => void this.ensured.delete(keyText(key)),
    state: (key: ObjectKey): HostState | undefined => (this.ensured.has(keyText(key)) ? this.state : undefined),
  };

  publishRoute(route: PublishedRoute): void {
    this.routes.set(route.path, route);
  }

  removeRoute(path: string): void {
    this.routes.delete(path);
  }

  publishPolicy(key: ObjectKey, document: PolicyDocument): void {
    this.policies.set(keyText(key), document);
  }

  removePolicy(key: ObjectKey): void {
    this.policies.delete(keyText(key));
  }

  urlOf(path: string): string {
    return `http://gateway${path}`;
  }

  async probe(): Promise<Handshake> {
    this.probes += 1;
    if (!this.answers) throw new AppError('upstream_unavailable', 'no answer');
    return { ...handshake, tools: this.tools };
  }
}

async function start(store: ResourceStore, around: Surroundings) {
  return startOperator({
    client: store,
    infrastructure: around.infrastructure,
    publisher: around,
    probe: () => around.probe(),
    readSecret: async () => undefined,
    clock: () => Date.now(),
    log: silentLogger,
  });
}

function serverNamed(name: string, spec: object = {}): object {
  return { ...API, kind: 'MCPServer', metadata: { name }, spec: { source: { command: { command: 'x' } }, ...spec } };
}

async function until(
  store: ResourceStore,
  name: string,
  is: (server: MCPServer | undefined) => boolean,
): Promise<MCPServer | undefined> {
  for (;;) {
    const server = await store.get(SERVERS, { namespace: 'mcp-servers', name });
    if (is(server)) return server;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const isReady = (server: MCPServer | undefined): boolean => server?.status?.phase === 'Ready';

test('a server is run, routed, governed and ready once a handshake through the gateway succeeded', async () => {
  await using store = openMemoryStore({ clock: () => Date.now() });
  const around = new Surroundings();
  await using _ = await start(store, around);
  await store.create(SERVERS, serverNamed('files'));
  const server = await until(store, 'files', isReady);
  assert.equal(around.routes.get('/files/mcp')?.upstreamUrl, 'http://127.0.0.1:9/mcp');
  assert.equal(server?.status?.endpoint, 'http://gateway/files/mcp');
  assert.equal(server?.status?.policyRevision, around.policies.get('mcp-servers/files')?.revision);
});

test('what the running server tells of its tools becomes part of its policy, and the status says which policy that is', async () => {
  await using store = openMemoryStore({ clock: () => Date.now() });
  const around = new Surroundings();
  const inputSchema = { type: 'object', properties: { path: { type: 'string' } } };
  around.tools = [
    { name: 'put', description: undefined, annotations: { readOnlyHint: false, destructiveHint: true }, inputSchema },
  ];
  await using _ = await start(store, around);
  await store.create(SERVERS, serverNamed('files', { tools: [{ name: 'put', sideEffect: 'read' }] }));
  const policyOf = (): PolicyDocument | undefined => around.policies.get('mcp-servers/files');
  await until(store, 'files', (server) => {
    const tools = policyOf()?.tools;
    return (
      isReady(server) && tools?.[0]?.arguments !== undefined && server?.status?.policyRevision === policyOf()?.revision
    );
  });
  const [told] = policyOf()?.tools ?? [];
  assert.equal(told?.side_effect, 'read');
  assert.equal(told?.observed_side_effect, 'destructive');
  assert.deepEqual(told?.arguments, [
    { path: '', type: 'object' },
    { path: '/path', type: 'string' },
  ]);
});

test('never ready while it does not answer, and ready as soon as it does', async () => {
  await using store = openMemoryStore({ clock: () => Date.now() });
  const around = new Surroundings();
  around.answers = false;
  await using _ = await start(store, around);
  await store.create(SERVERS, serverNamed('files'));
  await until(
    store,
    'files',
    (server) => server?.status?.conditions?.some(({ reason }) => reason === 'UpstreamUnavailable') === true,
  );
  around.answers = true;
  await until(store, 'files', isReady);
});

test('a revocation is published before the write that made it returns', async () => {
  await using store = openMemoryStore({ clock: () => Date.now() });
  const around = new Surroundings();
  await using _ = await start(store, around);
  await store.create(SERVERS, serverNamed('files'));
  await store.create(GRANTS, {
    ...API,
    kind: 'MCPAccessGrant',
    metadata: { name: 'g' },
    spec: { serverRef: { name: 'files' }, subject: { humanID: 'a' }, maxTrust: 'low', allowedSideEffects: ['read'] },
  });
  await store.create(SESSIONS, {
    ...API,
    kind: 'MCPAgentSession',
    metadata: { name: 's' },
    spec: { serverRef: { name: 'files' }, subject: { humanID: 'a' } },
  });
  await setSessionRevoked(store, { namespace: 'mcp-servers', name: 's' }, true);
  const document = around.policies.get('mcp-servers/files');
  assert.deepEqual([document?.grants?.length, document?.sessions?.[0]?.revoked], [1, true]);
});

test('a grant that is changed to name another server leaves the first', async () => {
  await using store = openMemoryStore({ clock: () => Date.now() });
  const around = new Surroundings();
  await using _ = await start(store, around);
  for (const name of ['one', 'two']) await store.create(SERVERS, serverNamed(name));
  const spec = { subject: { humanID: 'a' }, maxTrust: 'low' as const, allowedSideEffects: ['read' as const] };
  const grant = await store.create(GRANTS, {
    ...API,
    kind: 'MCPAccessGrant',
    metadata: { name: 'g' },
    spec: { ...spec, serverRef: { name: 'one' } },
  });
  const names = () => ['one', 'two'].map((name) => around.policies.get(`mcp-servers/${name}`)?.grants?.length ?? 0);
  assert.deepEqual(names(), [1, 0]);
  await store.update(GRANTS, { ...grant, spec: { ...grant.spec, serverRef: { name: 'two' } } });
  assert.deepEqual(names(), [0, 1]);
});

test('a server that is deleted loses its route, its policy and its processes', async () => {
  await using store = openMemoryStore({ clock: () => Date.now() });
  const around = new Surroundings();
  await using _ = await start(store, around);
  await store.create(SERVERS, serverNamed('files'));
  await until(store, 'files', isReady);
  await store.delete(SERVERS, { namespace: 'mcp-servers', name: 'files' });
  while (around.ensured.size > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([around.routes.size, around.policies.size], [0, 0]);
});

test('of two servers on one path the older one has it, and the other says so', async () => {
  await using store = openMemoryStore({ clock: () => Date.now() });
  const around = new Surroundings();
  await using _ = await start(store, around);
  await store.create(SERVERS, serverNamed('a-first'));
  await store.create(SERVERS, serverNamed('b-second', { publicPathPrefix: 'a-first' }));
  const second = await until(
    store,
    'b-second',
    (server) => server?.status?.conditions?.some(({ reason }) => reason === 'PathInUse') === true,
  );
  assert.match(second?.status?.message ?? '', /belongs to server `mcp-servers\/a-first`/);
  assert.equal(around.routes.get('/a-first/mcp')?.key.name, 'a-first');
});

test('a path that its server has given up goes to the next one at once', async () => {
  await using store = openMemoryStore({ clock: () => Date.now() });
  const around = new Surroundings();
  await using _ = await start(store, around);
  await store.create(SERVERS, serverNamed('a-first'));
  await store.create(SERVERS, serverNamed('b-second', { publicPathPrefix: 'a-first' }));
  await until(store, 'b-second', (server) => server?.status?.phase === 'Pending');
  await store.delete(SERVERS, { namespace: 'mcp-servers', name: 'a-first' });
  await until(store, 'b-second', isReady);
  assert.equal(around.routes.get('/a-first/mcp')?.key.name, 'b-second');
});

test('a missing secret is named, and the server does not run without it', async () => {
  await using store = openMemoryStore({ clock: () => Date.now() });
  const around = new Surroundings();
  await using _ = await start(store, around);
  const secretEnvVars = [{ name: 'TOKEN', secretKeyRef: { name: 'creds', key: 'token' } }];
  await store.create(SERVERS, serverNamed('files', { secretEnvVars }));
  const server = await until(store, 'files', (found) => found?.status !== undefined);
  assert.match(server?.status?.message ?? '', /secret `creds` has no key `token`, needed by `TOKEN`/);
  assert.equal(around.ensured.size, 0);
});

test('nothing is written when nothing changes', async () => {
  await using store = openMemoryStore({ clock: () => Date.now() });
  const around = new Surroundings();
  await using operator = await start(store, around);
  await store.create(SERVERS, serverNamed('files'));
  const before = await until(store, 'files', isReady);
  const probes = around.probes;
  operator.onHostChange({ namespace: 'mcp-servers', name: 'files' });
  await operator.close();
  const after = await store.get(SERVERS, { namespace: 'mcp-servers', name: 'files' });
  assert.equal(after?.metadata.resourceVersion, before?.metadata.resourceVersion);
  assert.equal(around.probes, probes);
});
