import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { aFolder } from '../testing/stores.ts';
import { cachedFile } from './cached-file.ts';
import { execPlugin } from './exec-credential.ts';
import { findClusterAccess } from './find-access.ts';
import { inClusterAccess, isInCluster } from './in-cluster.ts';

const CLUSTER = { server: 'https://api.example:6443' };

/** A kubeconfig of one context `main`, and whatever else is given. */
function config(parts: object, user: object = { token: 't' }, cluster: object = CLUSTER): string {
  return stringify({
    'current-context': 'main',
    clusters: [{ name: 'main', cluster }],
    users: [{ name: 'main', user }],
    contexts: [{ name: 'main', context: { cluster: 'main', user: 'main', namespace: 'team' } }],
    ...parts,
  });
}

test('of several files the first entry of a name counts, and missing files are passed over', async () => {
  await using folder = await aFolder();
  const [first, second] = [join(folder.path, 'first'), join(folder.path, 'second')];
  await writeFile(first, stringify({ users: [{ name: 'main', user: { token: 'first' } }] }));
  await writeFile(second, config({}, { token: 'second' }));
  const env = { KUBECONFIG: [join(folder.path, 'none'), first, second].join(':') };
  const access = await findClusterAccess({ env });
  assert.equal(access.server.href, 'https://api.example:6443/');
  assert.equal(access.namespace, 'team');
  assert.deepEqual(await access.credential(), { headers: { authorization: 'Bearer first' } });
});

test('paths begin at the folder of their file, and files are read again when a credential is refused', async () => {
  await using folder = await aFolder();
  await mkdir(join(folder.path, 'keys'));
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder.path, 'keys', name), text);
  await Promise.all([write('ca', 'CA'), write('cert', 'CERT'), write('key', 'KEY'), write('token', 'one\n')]);
  const user = {
    'client-certificate': 'keys/cert',
    'client-key': 'keys/key',
    tokenFile: 'keys/token',
    token: 'not me',
  };
  const kubeconfig = join(folder.path, 'config');
  await writeFile(kubeconfig, config({}, user, { ...CLUSTER, 'certificate-authority': 'keys/ca' }));
  const access = await findClusterAccess({ env: {}, kubeconfig });
  assert.deepEqual(await access.trust(), { ca: 'CA' });
  const credential = { cert: 'CERT', key: 'KEY', headers: { authorization: 'Bearer one' } };
  assert.deepEqual(await access.credential(), credential);
  await write('token', 'two');
  assert.deepEqual(await access.credential(), credential);
  access.renew();
  assert.deepEqual((await access.credential()).headers, { authorization: 'Bearer two' });
});

test('who is acted for is sent along', async () => {
  await using folder = await aFolder();
  const kubeconfig = join(folder.path, 'config');
  await writeFile(kubeconfig, config({}, { token: 't', as: 'jo', 'as-groups': ['a', 'b'] }));
  const access = await findClusterAccess({ env: {}, kubeconfig });
  assert.deepEqual((await access.credential()).headers, {
    authorization: 'Bearer t',
    'impersonate-user': 'jo',
    'impersonate-group': ['a', 'b'],
  });
});

const REFUSED: Readonly<Record<string, readonly [string, RegExp]>> = {
  'no YAML': ['a: [', /is no YAML$/],
  'no kubeconfig': ['clusters: 7', /is no kubeconfig: clusters: /],
  'no context': [config({ 'current-context': '' }), /`current-context` is not set/],
  'an unknown context': [config({ 'current-context': 'x' }), /has no context `x`: there are `main`/],
  'an unknown cluster': [config({ clusters: [] }), /has no cluster `main`: there is none/],
  'a token without TLS': [config({}, {}, { server: 'http://api.example' }), /is asked without TLS/],
  'no server': [config({}, {}, {}), /is no URL of an API server/],
  'a proxy': [config({}, {}, { ...CLUSTER, 'proxy-url': 'http://p' }), /`proxy-url` of a cluster is not supported/],
  'a password': [config({}, { username: 'jo', password: 'secret' }), /`username` of a user is not supported/],
  'a provider': [config({}, { 'auth-provider': { name: 'gcp' } }), /`auth-provider` of a user is not supported/],
};

for (const [what, [text, expected]] of Object.entries(REFUSED)) {
  test(`a kubeconfig is refused in words: ${what}`, async () => {
    await using folder = await aFolder();
    const kubeconfig = join(folder.path, 'config');
    await writeFile(kubeconfig, text);
    await assert.rejects(findClusterAccess({ env: {}, kubeconfig }), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'invalid_config');
      assert.match(error.message, expected);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });
}

test('a pod uses its service account, and reads the token again', async () => {
  await using folder = await aFolder();
  const write = (name: string, text: string): Promise<void> => writeFile(join(folder.path, name), text);
  await Promise.all([write('token', 'one\n'), write('ca.crt', 'CA'), write('namespace', 'mcp-runtime\n')]);
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
  assert.equal(isInCluster({ env, folder: folder.path }), true);
  assert.equal(isInCluster({ env: {}, folder: folder.path }), false);
  const access = await inClusterAccess({ env, folder: folder.path });
  assert.equal(access.server.href, 'https://[fd00::1]/');
  assert.equal(access.namespace, 'mcp-runtime');
  assert.deepEqual(await access.trust(), { ca: 'CA' });
  assert.deepEqual((await access.credential()).headers, { authorization: 'Bearer one' });
  await write('token', 'two');
  access.renew();
  assert.deepEqual((await access.credential()).headers, { authorization: 'Bearer two' });
});

test('a file is read again after a minute', async () => {
  await using folder = await aFolder();
  const path = join(folder.path, 'token');
  await writeFile(path, 'one');
  let now = 0;
  const file = cachedFile(path, () => now);
  assert.equal(await file.read(), 'one');
  await writeFile(path, 'two');
  now = 59_000;
  assert.equal(await file.read(), 'one');
  now = 61_000;
  assert.equal(await file.read(), 'two');
});

const v1 = 'client.authentication.k8s.io/v1' as const;

/** A plugin that runs `code`. */
function plugin(code: string, now: () => number): ReturnType<typeof execPlugin> {
  const entry = { apiVersion: v1, command: process.execPath, args: ['-e', code], installHint: 'install it' };
  return execPlugin({ entry, folder: '/', cluster: {}, now });
}

test('what a plugin gave counts until it expires, and calls that come at once share one run', async () => {
  const start = Date.parse('2026-01-01T00:00:00Z');
  let now = start;
  const status = `{ token: String(process.pid), expirationTimestamp: '2026-01-01T01:00:00Z' }`;
  const code = `console.log(JSON.stringify({ apiVersion: '${v1}', kind: 'ExecCredential', status: ${status} }))`;
  const asked = plugin(code, () => now);
  const [first, second] = await Promise.all([asked.credential(), asked.credential()]);
  assert.deepEqual(first, second);
  now = start + 3_580_000;
  assert.deepEqual(await asked.credential(), first);
  now = start + 3_595_000;
  assert.notDeepEqual(await asked.credential(), first);
});

const BAD_PLUGINS: Readonly<Record<string, readonly [string, RegExp]>> = {
  'fails, with what it said last': [
    `console.error('one'); console.error('log in first'); process.exit(1)`,
    /log in first/,
  ],
  'prints no JSON': [`console.log('token-of-somebody')`, /printed no ExecCredential/],
  'gives nothing': [
    `console.log(JSON.stringify({ apiVersion: '${v1}', kind: 'ExecCredential', status: {} }))`,
    /must hold a token, or a certificate with its key/,
  ],
  'speaks another version': [
    `console.log(JSON.stringify({ apiVersion: 'x', kind: 'ExecCredential', status: { token: 'token-of-somebody' } }))`,
    /answered in another version/,
  ],
};

for (const [what, [code, expected]] of Object.entries(BAD_PLUGINS)) {
  test(`a plugin that ${what} is reported, and what it printed is not`, async () => {
    await assert.rejects(plugin(code, Date.now).credential(), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'cluster_access_refused');
      assert.match(error.message, expected);
      assert.doesNotMatch(error.message, /token-of-somebody/);
      return true;
    });
  });
}
