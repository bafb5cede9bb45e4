import { before, suite } from 'node:test';
import { type Subject, resourceClientContract } from '../../packages/kube/src/contract.ts';
import { WIDGETS } from '../../packages/kube/src/testing/widget.ts';
import { skipWithoutControllers } from '../support/kubectl.ts';
import { aNamespace, noCluster, openClient, serveKind } from './support/cluster.ts';
import { WIDGET_CRD } from './support/widget-crd.ts';

const noGarbage = noCluster === false && (await skipWithoutControllers());

suite('a real API server', { skip: noCluster }, () => {
  before(async () => {
    await using client = await openClient();
    await serveKind(client, WIDGET_CRD, WIDGETS);
  });

  const open = async (): Promise<Subject & AsyncDisposable> => {
    const client = await openClient();
    const namespace = await aNamespace(client, 'contract');
    const dispose = async (): Promise<void> => {
      await namespace[Symbol.asyncDispose]();
      await client.close();
    };
    return { client, namespace: namespace.name, [Symbol.asyncDispose]: dispose };
  };
  resourceClientContract('kubernetes', open, { garbage: noGarbage });
});
