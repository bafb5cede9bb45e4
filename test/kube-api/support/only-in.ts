import { type KubeObject, type ResourceClient, type WatchEvent } from '../../../packages/kube/src/index.ts';

/** A client that sees these namespaces alone: what a test starts must not touch what else is in the cluster. */
export function onlyIn(client: ResourceClient, namespaces: readonly string[]): ResourceClient {
  const isOurs = ({ namespace, name }: { readonly namespace: string; readonly name: string }): boolean =>
    namespaces.includes(namespace === '' ? name : namespace);
  const isShown = (event: WatchEvent<KubeObject>): boolean => {
    if (event.type === 'bookmark') return true;
    return isOurs(event.type === 'refused' ? event.key : event.object.metadata);
  };
  return {
    ...client,
    list: async (type, options) => {
      const list = await client.list(type, options);
      return { ...list, items: list.items.filter(({ metadata }) => isOurs(metadata)) };
    },
    watch: (type, options) =>
      client.watch(type, {
        ...options,
        on: (event) => {
          if (isShown(event)) options.on(event);
        },
      }),
  };
}
