import { type EndpointSlice, type KubeObject } from '@mcp-runtime/kube';
import { z } from 'zod';

/** A pod with a gateway in it. */
export interface GatewayReplica {
  readonly pod: string;
  readonly address: string;
}

/** The pods behind a Service, ready or not: one that is not ready yet has to come to the policy too. */
export function replicasOf(slices: readonly EndpointSlice[]): readonly GatewayReplica[] {
  const found = slices.flatMap(({ endpoints }) =>
    (endpoints ?? []).flatMap(({ addresses, conditions, targetRef }) => {
      const [address] = addresses;
      if (address === undefined || conditions?.terminating === true) return [];
      return [{ pod: targetRef?.name ?? address, address }];
    }),
  );
  return [...new Map(found.map((one) => [one.address, one])).values()].toSorted((a, b) => (a.pod < b.pod ? -1 : 1));
}

const PodStatus = z.object({ podIP: z.string() });

/** The gateways that are in a server's own pods. */
export function sidecarsOf(pods: readonly KubeObject[]): readonly GatewayReplica[] {
  return pods.flatMap(({ metadata, status }) => {
    const { data } = PodStatus.safeParse(status);
    return data === undefined || metadata.deletionTimestamp !== undefined
      ? []
      : [{ pod: metadata.name, address: data.podIP }];
  });
}
