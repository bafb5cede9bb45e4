import { LABELS, MANAGED_BY } from '@mcp-runtime/api';
import { SERVICE_LABEL } from '../tracks.ts';

interface Instance {
  readonly address: string;
  readonly is?: 'ready' | 'leaving' | 'gone';
}

/** An EndpointSlice as the cluster makes them of a Service of ours; `port` is what the Service leads to. */
export function aSlice(service: string, instances: readonly Instance[], port = 8088, namespace = 'team-a') {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${service}-abc`,
      namespace,
      labels: { [SERVICE_LABEL]: service, [LABELS.managedBy]: MANAGED_BY },
    },
    addressType: 'IPv4',
    endpoints: instances.map(({ address, is = 'ready' }) => ({
      addresses: [address],
      conditions: { ready: is === 'ready', serving: is !== 'gone', terminating: is !== 'ready' },
    })),
    ports: [{ name: 'http', port }],
  };
}
