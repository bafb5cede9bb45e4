import { type GatewayPlacement, LABELS, type MCPServer } from '@mcp-runtime/api';
import { type DesiredObject, ownedMetadata } from './object.ts';
import { type Track, selectorOf } from './pod.ts';
import { GATEWAY_PORT } from './sidecar.ts';

/** Leads to the pods of one track, or to the gateways in them. Gateways read its EndpointSlices. */
export function service(server: MCPServer, track: Track, placement: GatewayPlacement): DesiredObject {
  const targetPort = placement === 'shared' ? 'http' : GATEWAY_PORT;
  const metadata = ownedMetadata(server, track === 'canary' ? '-canary' : '');
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata, labels: { ...metadata.labels, [LABELS.rolloutTrack]: track } },
    spec: {
      type: 'ClusterIP',
      selector: selectorOf(server, track),
      ports: [{ name: 'http', port: server.spec.servicePort, protocol: 'TCP', targetPort }],
      // A gateway in a pod serves the sessions of that pod; shared ones find the pod of a session themselves.
      ...(placement === 'shared' ? {} : { sessionAffinity: 'ClientIP' }),
    },
  };
}
