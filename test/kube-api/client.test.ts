import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { stringify } from 'yaml';
import { CONFIG_MAPS, SERVICE_ACCOUNTS } from '../../packages/kube/src/index.ts';
import {
  type ClusterAccess,
  type KubernetesClient,
  findClusterAccess,
  openKubernetesClient,
} from '../../packages/kube/src/kubernetes/index.ts';
import {
  CLUSTER_ROLE_BINDINGS,
  NAMESPACES,
  aNamespace,
  clusterAccess,
  noCluster,
  openClient,
} from './support/cluster.ts';
import { accountToken } from './support/tokens.ts';
import { aConfigMap } from './support/watching.ts';

/** A kubeconfig for the same server, whose user is `user`. */
async function kubeconfigFor(user: object, folder: string, access: ClusterAccess): Promise<string> {
  const { ca = '' } = await access.trust();
  const cluster = { server: access.server.href, 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  const path = join(folder, 'config');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'here' } }],
  };
  await writeFile(path, stringify(config), { mode: 0o600 });
  return path;
}

async function aFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'kube-client-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

/** A token of a service account that may read and write config maps, and nothing else. */
async function aToken(client: KubernetesClient, namespace: string): Promise<string> {
  const metadata = { namespace, name: 'reader' };
  await client.create(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  await client.apply(
    CLUSTER_ROLE_BINDINGS,
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace }],
    },
    { fieldManager: 'test' },
  );
  return await accountToken(await clusterAccess(), metadata);
}

suite('calling a real API server', { skip: noCluster }, () => {
  test('a refused token is read again once, and what the account may not do is forbidden', async () => {
    await using admin = await openClient();
    await using namespace = await aNamespace(admin, 'token');
    await using folder = await aFolder();
    const tokenFile = join(folder.path, 'token');
    await writeFile(tokenFile, 'stale');
    const kubeconfig = await kubeconfigFor({ tokenFile: 'token' }, folder.path, await clusterAccess());
    const access = await findClusterAccess({ env: {}, kubeconfig });
    assert.equal(access.namespace, 'here');
    let renewals = 0;
    const renew = (): void => {
      renewals += 1;
      access.renew();
    };
    await using client = openKubernetesClient({ access: { ...access, renew } });
    const list = () => client.list(CONFIG_MAPS, { namespace: namespace.name });
    await assert.rejects(list(), { code: 'cluster_access_refused' });
    assert.equal(renewals, 1);
    await writeFile(tokenFile, await aToken(admin, namespace.name));
    while (!(await isGranted(list))) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(renewals, 2);
    const write = client.create(CONFIG_MAPS, aConfigMap(namespace.name, 'a'));
    await assert.rejects(write, { code: 'forbidden', message: /cannot create resource "configmaps"/ });
  });

  test('a plugin gives the token, without a shell, and again when it is refused', async () => {
    await using admin = await openClient();
    await using namespace = await aNamespace(admin, 'exec');
    await using folder = await aFolder();
    const log = join(folder.path, 'calls');
    const plugin = join(folder.path, 'plugin.mjs');
    const token = await aToken(admin, namespace.name);
    await writeFile(
      plugin,
      `#!${process.execPath}
import { appendFileSync } from 'node:fs';
appendFileSync(process.env.LOG, process.argv.slice(2).join('|') + '\\n');
const { apiVersion, spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
if (spec.interactive || !spec.cluster.server) process.exit(1);
console.log(JSON.stringify({ apiVersion, kind: 'ExecCredential', status: { token: process.env.TOKEN } }));
`,
    );
    await chmod(plugin, 0o700);
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: './plugin.mjs',
      args: ['$(id)', 'a b'],
      env: [
        { name: 'LOG', value: log },
        { name: 'TOKEN', value: token },
      ],
      provideClusterInfo: true,
      interactiveMode: 'IfAvailable',
    };
    const kubeconfig = await kubeconfigFor({ exec }, folder.path, await clusterAccess());
    await using client = openKubernetesClient({ access: await findClusterAccess({ env: {}, kubeconfig }) });
    while (!(await isGranted(() => client.list(CONFIG_MAPS)))) await new Promise((resolve) => setTimeout(resolve, 20));
    await client.list(CONFIG_MAPS);
    assert.equal(await readFile(log, 'utf8'), '$(id)|a b\n');
  });

  test('a list of 1,500 objects is whole, comes in pages, and in smaller ones when answers are bounded', async (t) => {
    await using client = await openClient();
    await using namespace = await aNamespace(client, 'pages');
    const names = Array.from({ length: 1_500 }, (_, index) => `m-${String(index).padStart(4, '0')}`);
    const data = { text: 'x'.repeat(500) };
    for (let start = 0; start < names.length; start += 100) {
      const part = names.slice(start, start + 100);
      await Promise.all(part.map((name) => client.create(CONFIG_MAPS, aConfigMap(namespace.name, name, data))));
    }
    const access = await clusterAccess();
    let requests = 0;
    const counted: ClusterAccess = { ...access, credential: () => ((requests += 1), access.credential()) };
    const options = { namespace: namespace.name };
    await using counting = await openClient({ access: counted });
    const list = await counting.list(CONFIG_MAPS, options);
    const listed = list.items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('m-'));
    assert.deepEqual(listed, names);
    assert.ok(requests >= 3, `${requests} requests`);
    t.diagnostic(`1,500 objects: ${requests} requests`);

    await using narrow = await openClient({ maxAnswerBytes: 150_000 });
    const again = await narrow.list(CONFIG_MAPS, options);
    assert.equal(again.items.length, list.items.length);
  });

  test('objects without a namespace have an empty one here, and none on the wire', async () => {
    await using client = await openClient();
    await using namespace = await aNamespace(client, 'scope');
    const key = { namespace: '', name: namespace.name };
    const found = await client.get(NAMESPACES, key);
    assert.equal(found?.metadata.namespace, '');
    const labels = { tier: 'one' };
    const config = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace.name, labels } };
    const applied = await client.apply(NAMESPACES, config, { fieldManager: 'test' });
    assert.equal(applied.action, 'configured');
    assert.deepEqual((await client.apply(NAMESPACES, config, { fieldManager: 'test' })).action, 'unchanged');
    const { items } = await client.list(NAMESPACES, { labels, name: namespace.name });
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      [namespace.name],
    );
  });

  test('what is created in a namespace that ends is refused as a conflict: it passes by itself', async () => {
    await using client = await openClient();
    const namespace = await aNamespace(client, 'ending');
    const held = { namespace: namespace.name, name: 'held', finalizers: ['testing.mcpruntime.org/held'] };
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: held };
    await client.create(CONFIG_MAPS, config);
    await namespace[Symbol.asyncDispose]();
    const late = client.create(CONFIG_MAPS, aConfigMap(namespace.name, 'late'));
    await assert.rejects(late, { code: 'conflict', message: /its namespace is ending/ });
    const seen = await client.get(CONFIG_MAPS, held);
    assert.ok(seen);
    await client.update(CONFIG_MAPS, { ...seen, metadata: { ...seen.metadata, finalizers: [] } });
  });

  test('a kind that the server does not know, and a namespace that is not there, are said so', async () => {
    await using client = await openClient();
    const unknown = { ...CONFIG_MAPS, apiVersion: 'nobody.example/v1' };
    await assert.rejects(client.get(unknown, { namespace: 'default', name: 'a' }), {
      code: 'not_found',
      message: /does not serve `configmaps` of `nobody\.example\/v1`/,
    });
    const lost = client.create(CONFIG_MAPS, aConfigMap('nobody-lives-here', 'a'));
    await assert.rejects(lost, { code: 'not_found', message: /namespaces "nobody-lives-here" not found/ });
  });
});

/** Roles take a moment to count. */
async function isGranted(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'forbidden') return false;
    throw error;
  }
}
