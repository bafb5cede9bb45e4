import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerFile, toServers } from './server-file.ts';

const HOSTS = { push: 'registry.example.com', pull: '10.0.0.5:5000' };

const ENTRIES: readonly {
  readonly id: string;
  readonly entry: Readonly<Record<string, unknown>>;
  readonly namespace: string;
  readonly image: string | undefined;
  readonly scope?: string;
  readonly path?: string;
}[] = [
  { id: 'a name alone', entry: {}, namespace: 'mcp-servers', image: '10.0.0.5:5000/a' },
  {
    id: 'scope tenant',
    entry: { scope: 'tenant' },
    namespace: 'mcp-servers',
    image: '10.0.0.5:5000/a',
    scope: 'tenant',
  },
  {
    id: 'scope org in capitals',
    entry: { scope: 'ORG' },
    namespace: 'mcp-servers-org',
    image: '10.0.0.5:5000/org/a',
    scope: 'org',
  },
  {
    id: 'scope public',
    entry: { scope: 'public' },
    namespace: 'mcp-servers-public',
    image: '10.0.0.5:5000/public/a',
    scope: 'public',
  },
  {
    id: 'own namespace',
    entry: { namespace: 'n', scope: 'org' },
    namespace: 'n',
    image: '10.0.0.5:5000/org/a',
    scope: 'org',
  },
  { id: 'image of another host', entry: { image: 'ghcr.io/x/y' }, namespace: 'mcp-servers', image: 'ghcr.io/x/y' },
  {
    id: 'image of a host that begins alike',
    entry: { image: 'registry.example.com.evil/x' },
    namespace: 'mcp-servers',
    image: 'registry.example.com.evil/x',
  },
  {
    id: 'route without slash',
    entry: { route: 'x/y' },
    namespace: 'mcp-servers',
    image: '10.0.0.5:5000/a',
    path: '/x/y',
  },
  {
    id: 'package instead of an image',
    entry: { source: { npm: { package: 'x', version: '1.0.0' } } },
    namespace: 'mcp-servers',
    image: undefined,
  },
];

for (const { id, entry, namespace, image, scope, path } of ENTRIES) {
  test(`a server file entry becomes a server: ${id}`, () => {
    const [server] = toServers(ServerFile.parse({ version: 'v1', servers: [{ name: 'a', ...entry }] }), HOSTS);
    assert.equal(server?.metadata.namespace, namespace);
    assert.equal(server.spec.image, image);
    assert.deepEqual(server.metadata.labels, scope === undefined ? undefined : { 'mcpruntime.org/scope': scope });
    assert.equal(server.spec.ingressPath, path ?? '/a/mcp');
    assert.deepEqual([server.spec.port, server.spec.replicas, server.spec.servicePort], [8088, 1, 80]);
  });
}

const FAULTS: readonly { readonly id: string; readonly file: unknown; readonly path: string }[] = [
  { id: 'unknown key of the file', file: { servers: [], severs: [] }, path: '' },
  { id: 'unknown key of a server', file: { servers: [{ name: 'a', prot: 1 }] }, path: 'servers.0' },
  { id: 'unknown key of a section', file: { servers: [{ name: 'a', auth: { mod: 'none' } }] }, path: 'servers.0.auth' },
  { id: 'unknown scope', file: { servers: [{ name: 'a', scope: 'world' }] }, path: 'servers.0.scope' },
  { id: 'another version', file: { version: 'v2', servers: [] }, path: 'version' },
];

for (const { id, file, path } of FAULTS) {
  test(`a server file is refused for: ${id}`, () => {
    assert.deepEqual(
      ServerFile.safeParse(file).error?.issues.map((issue) => issue.path.join('.')),
      [path],
    );
  });
}

test('fields that contradict each other name the server', () => {
  const file = ServerFile.parse({ servers: [{ name: 'a', auth: { mode: 'oauth' } }] });
  assert.throws(() => toServers(file, HOSTS), { code: 'invalid_resource', message: /server `a`: auth\.issuerURL/ });
});
