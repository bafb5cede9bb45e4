import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, type ErrorCode, keyOf } from '@mcp-runtime/api';
import { SERVERS } from '@mcp-runtime/control-plane';
import {
  CERTIFICATES,
  DEPLOYMENTS,
  HTTP_ROUTES,
  INGRESSES,
  type KubeObject,
  type ResourceType,
} from '@mcp-runtime/kube';
import { type Cluster, FILES, aCluster, aServer, at, until } from './testing/cluster.ts';

const ROUTES = { ingress: { kind: 'httproute', parentRef: { name: 'public' } } };
const CERTIFIED = { mtls: { issuer: 'cert-manager', issuerRef: { name: 'internal' } } };

test('routes of the kind that settings asked for before are removed, after those of the new one were made', async () => {
  await using cluster = await aCluster();
  const [route, ingress] = [{ namespace: 'mcp-runtime', name: 'team-a.files' }, INGRESSES];
  {
    await using _ = await cluster.start(ROUTES);
    await cluster.store.create(SERVERS, aServer('files'));
    await cluster.until(HTTP_ROUTES, route, (found) => found !== undefined);
  }
  const order: string[] = [];
  const { resourceVersion } = await cluster.store.list(ingress);
  for (const type of [ingress, HTTP_ROUTES])
    cluster.store.watch(type, {
      resourceVersion,
      signal: AbortSignal.timeout(60_000),
      onError: () => {},
      on: ({ type: event }) => void order.push(`${type.kind} ${event}`),
    });
  await using _ = await cluster.start({ ingress: { kind: 'ingress' } });
  await until(() => order.length === 2);
  assert.deepEqual(order, ['Ingress added', 'HTTPRoute deleted']);
});

for (const code of ['not_found', 'forbidden'] as const) {
  test(`${code}: a kind of others that is not asked for is looked for once`, async () => {
    await using cluster = await aCluster();
    const lists = refuse(cluster, HTTP_ROUTES, code);
    await using _ = await cluster.start();
    await cluster.store.create(SERVERS, aServer('files'));
    await cluster.status('files', 'Ready', 'Ready');
    assert.equal(lists.count, 1);
  });

  test(`${code}: without a kind that is asked for, servers that need it say so, go on when it comes, and others run`, async () => {
    await using cluster = await aCluster();
    const lists = refuse(cluster, CERTIFICATES, code);
    await using _ = await cluster.start(CERTIFIED);
    const auth = { mode: 'mtls', trustDomain: 'example.org' };
    const certified = await cluster.store.create(SERVERS, aServer('files', { auth, gateway: { enabled: true } }));
    await cluster.store.create(SERVERS, aServer('plain'));
    await cluster.until(DEPLOYMENTS, at('plain'), (found) => found !== undefined);
    const status = await cluster.status('files', 'WorkloadReady', 'InvalidConfig');
    assert.match(status?.message ?? '', /no certificates here; or change the settings of the operator$/);
    assert.equal(await cluster.store.get(DEPLOYMENTS, FILES), undefined);
    lists.answer = 'as they are';
    await cluster.until(DEPLOYMENTS, keyOf(certified), (found) => found !== undefined);
    await cluster.status('files', 'WorkloadReady', 'Available');
  });
}

/** Lists of a kind are refused until it is said otherwise. */
function refuse(cluster: Cluster, { kind, plural }: ResourceType<KubeObject>, code: ErrorCode) {
  const lists: { count: number; answer: 'refused' | 'as they are' } = { count: 0, answer: 'refused' };
  cluster.client.list = (type, options) => {
    if (type.kind !== kind) return cluster.store.list(type, options);
    lists.count += 1;
    return lists.answer === 'refused'
      ? Promise.reject(new AppError(code, `no ${plural} here`))
      : cluster.store.list(type, options);
  };
  return lists;
}
