import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ANNOTATIONS, CLUSTER } from '../../packages/api/src/index.ts';
import { openClusterKeys } from '../../apps/operator/src/cluster/index.ts';
import { testNamespace } from '../support/kubectl.ts';
import { noCluster, openClient } from './support/cluster.ts';

suite('keys', { skip: noCluster }, () => {
  test('an annotation rotates keys once, and those before them stay', async () => {
    await using use = new AsyncDisposableStack();
    const client = use.use(await openClient());
    const namespace = use.use(await testNamespace('keys'));
    let now = Date.now();
    const open = () => openClusterKeys(client, namespace.name, () => now);
    const first = await open();
    for (const { secret } of [CLUSTER.signingKey, CLUSTER.sessionKeys])
      await namespace.kubectl(['annotate', 'secret', secret, `${ANNOTATIONS.rotate}=now`]);
    const second = await open();
    const kidOf = ({ ring }: typeof first): string => ring.signingKey().keyId;
    assert.deepEqual(
      second.ring.publicKeys().keys.map(({ kid }) => kid),
      [kidOf(second), kidOf(first)],
    );
    assert.notEqual(kidOf(second), kidOf(first));
    assert.equal(second.replaced?.keyId, kidOf(first));
    assert.ok(second.sessionKeys.startsWith(first.sessionKeys.trim()), 'the old one seals');
    now += 600_000;
    const third = await open();
    assert.equal(kidOf(third), kidOf(second));
    assert.deepEqual(third.sessionKeys.trim().split('\n'), second.sessionKeys.trim().split('\n').toReversed());
    const left = await namespace.kubectl(['get', 'secrets', '-o', 'jsonpath={.items[*].metadata.annotations}']);
    assert.doesNotMatch(left, /rotat/);
    assert.equal((await open()).sessionKeys, third.sessionKeys);
  });
});
