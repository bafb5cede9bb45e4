import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { asAppError } from '../../packages/api/src/index.ts';
import { CONFIG_MAPS, type ResourceClient, watchState } from '../../packages/kube/src/index.ts';
import { type ClusterAccess } from '../../packages/kube/src/kubernetes/index.ts';
import { WIDGETS, aWidget } from '../../packages/kube/src/testing/widget.ts';
import { aNamespace, clusterAccess, noCluster, openClient, serveKind } from './support/cluster.ts';
import { recorder } from './support/recorder.ts';
import { type TcpProxy, tcpProxy } from './support/tcp-proxy.ts';
import { aConfigMap, watchConfigMaps } from './support/watching.ts';
import { WIDGET_CRD } from './support/widget-crd.ts';

const added = (events: readonly string[]): readonly string[] => events.filter((event) => event.startsWith('added'));

/** The API server, as seen through a proxy. */
async function throughProxy(): Promise<{ readonly proxy: TcpProxy; readonly access: ClusterAccess }> {
  const access = await clusterAccess();
  const { server } = access;
  const proxy = await tcpProxy({ host: server.hostname, port: Number(server.port === '' ? 443 : server.port) });
  const trust = async () => ({ serverName: server.hostname, ...(await access.trust()) });
  return { proxy, access: { ...access, trust, server: new URL(`https://127.0.0.1:${proxy.port}`) } };
}

suite('watches of a real API server', { skip: noCluster }, () => {
  test('a watch goes on over connections that the server ends, and reports all events once and in order', async () => {
    await using client = await openClient({ watch: { connectionSeconds: 1, idleMs: 30_000 } });
    await using namespace = await aNamespace(client, 'watch');
    const { resourceVersion } = await client.list(CONFIG_MAPS, { namespace: namespace.name, labels: { own: 'yes' } });
    const stop = new AbortController();
    const seen = watchConfigMaps(client, { resourceVersion, namespace: namespace.name, signal: stop.signal });
    const names: string[] = [];
    while (seen.connected < 4) {
      const name = `m-${names.length}`;
      await client.create(CONFIG_MAPS, aConfigMap(namespace.name, name));
      names.push(`added ${name}`);
    }
    await seen.until(({ events }) => events.includes(names.at(-1) ?? ''));
    stop.abort();
    assert.deepEqual(
      added(seen.events).filter((event) => event.startsWith('added m-')),
      names,
    );
    assert.deepEqual([seen.interruptions, seen.errors], [[], []]);
  });

  test('a quiet watch goes on from the last bookmark', async () => {
    await using direct = await openClient();
    await using namespace = await aNamespace(direct, 'watch');
    await using recording = await recorder(await clusterAccess());
    // The server sends a bookmark 2 seconds before it ends a connection.
    const times = { connectionSeconds: 4, idleMs: 30_000 };
    await using client = await openClient({ access: recording.access, watch: times });
    const { resourceVersion } = await client.list(CONFIG_MAPS, { namespace: namespace.name });
    await direct.create(CONFIG_MAPS, aConfigMap(namespace.name, 'other'));
    const stop = new AbortController();
    const from = { resourceVersion, namespace: namespace.name, name: 'not-there', signal: stop.signal };
    const seen = watchConfigMaps(client, from);
    await seen.until(({ events }) => events.length > 0);
    const before = seen.connected;
    await seen.until(({ connected }) => connected > before);
    stop.abort();
    const versions = recording.targets.flatMap(({ searchParams }) =>
      searchParams.has('watch') ? [Number(searchParams.get('resourceVersion'))] : [],
    );
    assert.deepEqual([...new Set(seen.events)], ['bookmark']);
    assert.equal(versions[0], Number(resourceVersion));
    assert.ok((versions.at(-1) ?? 0) > Number(resourceVersion), versions.join(' then '));
  });

  test('a version that is no longer kept ends the watch, and a view lists again', async () => {
    await using client = await openClient();
    await using namespace = await aNamespace(client, 'watch');
    // However young the server is: of a kind that it has just come to know it keeps nothing from before.
    await serveKind(client, WIDGET_CRD, WIDGETS);
    const stop = new AbortController();
    const refused = await new Promise<unknown>((resolve) => {
      const from = { resourceVersion: '1', namespace: namespace.name, signal: stop.signal };
      client.watch(WIDGETS, { ...from, on: () => {}, onInterrupted: resolve, onError: resolve });
    });
    assert.equal(asAppError(refused).code, 'resource_version_expired');

    let lists = 0;
    const forgetful: ResourceClient = {
      ...client,
      list: async (type, options) => {
        lists += 1;
        const list = await client.list(type, options);
        return lists === 1 ? { ...list, resourceVersion: '1' } : list;
      },
    };
    const problems: unknown[] = [];
    const view = watchState(forgetful, WIDGETS, {
      namespace: namespace.name,
      signal: stop.signal,
      onChange: () => {},
      onError: (error) => problems.push(error),
    });
    await view.synced;
    const late = { namespace: namespace.name, name: 'late' };
    await client.create(WIDGETS, aWidget(late.name, { namespace: namespace.name }));
    while (view.get(late) === undefined) await new Promise(setImmediate);
    stop.abort();
    assert.equal(lists, 2);
    assert.deepEqual(problems, []);
  });

  test('while the API server is away a view keeps what it knows and says so; then it catches up without a list', async () => {
    const { proxy, access } = await throughProxy();
    await using _ = proxy;
    await using direct = await openClient();
    await using client = await openClient({ access });
    await using namespace = await aNamespace(direct, 'watch');
    await direct.create(CONFIG_MAPS, aConfigMap(namespace.name, 'before'));
    let lists = 0;
    const counting: ResourceClient = { ...client, list: (type, options) => ((lists += 1), client.list(type, options)) };
    const stop = new AbortController();
    const states: string[] = [];
    const view = watchState(counting, CONFIG_MAPS, {
      namespace: namespace.name,
      signal: stop.signal,
      onChange: () => {},
      onConnection: (state) => states.push(state),
    });
    await view.synced;
    const has = (name: string): boolean => view.get({ namespace: namespace.name, name }) !== undefined;
    await direct.create(CONFIG_MAPS, aConfigMap(namespace.name, 'watched'));
    while (!has('watched')) await new Promise(setImmediate);
    proxy.cut();
    while (states.at(-1) !== 'cut') await new Promise(setImmediate);
    await direct.create(CONFIG_MAPS, aConfigMap(namespace.name, 'meanwhile'));
    assert.equal(has('before'), true);
    await assert.rejects(client.list(CONFIG_MAPS), { code: 'service_unavailable' });
    proxy.restore();
    while (!has('meanwhile')) await new Promise((resolve) => setTimeout(resolve, 20));
    stop.abort();
    assert.deepEqual(states, ['live', 'cut', 'live']);
    assert.equal(lists, 1);
  });

  test('a connection that died without a word is noticed', async () => {
    const { proxy, access } = await throughProxy();
    await using _ = proxy;
    await using direct = await openClient();
    await using client = await openClient({ access, watch: { connectionSeconds: 240, idleMs: 1_500 } });
    await using namespace = await aNamespace(direct, 'watch');
    const { resourceVersion } = await direct.list(CONFIG_MAPS, { namespace: namespace.name });
    const stop = new AbortController();
    const seen = watchConfigMaps(client, { resourceVersion, namespace: namespace.name, signal: stop.signal });
    await seen.until(({ connected }) => connected === 1);
    proxy.silence();
    await direct.create(CONFIG_MAPS, aConfigMap(namespace.name, 'unheard'));
    await seen.until(({ events }) => events.includes('added unheard'));
    stop.abort();
    assert.equal(seen.interruptions[0], 'deadline_exceeded');
    assert.deepEqual(seen.errors, []);
  });

  test('a watch by labels sees an object come and go', async () => {
    await using client = await openClient();
    await using namespace = await aNamespace(client, 'watch');
    const { resourceVersion } = await client.list(CONFIG_MAPS, { namespace: namespace.name });
    const stop = new AbortController();
    const labels = { part: 'policy' };
    const seen = watchConfigMaps(client, { resourceVersion, namespace: namespace.name, labels, signal: stop.signal });
    const metadata = { namespace: namespace.name, name: 'a' };
    const labelled = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, labels } };
    await client.apply(CONFIG_MAPS, labelled, { fieldManager: 'test' });
    await client.apply(CONFIG_MAPS, { ...labelled, metadata }, { fieldManager: 'test' });
    await seen.until(({ events }) => events.includes('deleted a'));
    stop.abort();
    assert.deepEqual(seen.events, ['added a', 'deleted a']);
  });
});
