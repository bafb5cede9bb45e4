import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { LEASES, type ResourceClient, startCandidate } from '../../packages/kube/src/index.ts';
import { aNamespace, noCluster, openClient } from './support/cluster.ts';

const times = { leaseSeconds: 2, renewWithinMs: 1_200, retryMs: 200 };

interface Contender extends AsyncDisposable {
  /** Resolves once it leads, with the signal of its term. */
  readonly leads: Promise<AbortSignal>;
}

function contend(client: ResourceClient, namespace: string, identity: string): Contender {
  const term = Promise.withResolvers<AbortSignal>();
  const candidate = startCandidate({
    client,
    lease: { namespace, name: 'leader' },
    identity,
    times,
    lead: async (signal) => {
      term.resolve(signal);
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  });
  return { leads: term.promise, [Symbol.asyncDispose]: () => candidate.close() };
}

suite('leading by a Lease of a real API server', { skip: noCluster }, () => {
  test('the second leads once the first has closed', async () => {
    await using client = await openClient();
    await using namespace = await aNamespace(client, 'leader');
    const first = contend(client, namespace.name, 'first');
    const term = await first.leads;
    await using second = contend(client, namespace.name, 'second');
    await first[Symbol.asyncDispose]();
    assert.equal(term.aborted, true);
    await second.leads;
    const lease = await client.get(LEASES, { namespace: namespace.name, name: 'leader' });
    assert.match(JSON.stringify(lease?.spec), /"holderIdentity":"second"/);
  });

  test('a leader whose connection is gone stops, and the other one takes over', async () => {
    await using client = await openClient();
    await using namespace = await aNamespace(client, 'leader');
    const ownClient = await openClient();
    await using first = contend(ownClient, namespace.name, 'first');
    const term = await first.leads;
    await using second = contend(client, namespace.name, 'second');
    await ownClient.close();
    await second.leads;
    assert.equal(term.aborted, true, 'the first had stopped before');
  });
});
