import { CLUSTER, LABELS } from '@mcp-runtime/api';
import { type Component, SETTINGS, metadataOf, selectorOf } from './settings.ts';
import { type Manifest, type Node } from './setting.ts';

/**
 * Who may speak with whom (Kubernetes documentation, "Network Policies"). A policy sees the port of the pod, after the
 * Service was resolved, and no policy can select what is no pod: the API server and the DNS of a node are allowed by port.
 */

const { ports, operator: OPERATOR, gateway: GATEWAY } = CLUSTER;

const MONITORING = { namespaceSelector: { matchLabels: { [LABELS.monitoring]: 'true' } } };
const SERVERS = {
  namespaceSelector: {},
  podSelector: { matchExpressions: [{ key: LABELS.server, operator: 'Exists' }] },
};
/** Where spans are sent (OTLP over gRPC and HTTP). */
const OTLP = [tcp(4317), tcp(4318)];

export const NETWORK_POLICIES: readonly Manifest[] = [
  policy('default-deny', {}, { ingress: [], egress: [] }),
  policy(OPERATOR, podsOf(OPERATOR), {
    ingress: [
      // The API server calls the webhook, from the network of its node.
      { ports: [tcp(ports.webhook)] },
      { from: [MONITORING], ports: [tcp(ports.operatorAdmin)] },
    ],
    egress: [
      { ports: SETTINGS.dnsPorts },
      { ports: SETTINGS.apiServerPorts },
      // Probes go the way of callers; the state of a replica is asked of its pod. Sidecars are in the pods of servers.
      { to: [{ podSelector: podsOf(GATEWAY) }], ports: [tcp(ports.gateway), tcp(ports.gatewayAdmin)] },
      { to: [SERVERS] },
      { to: [MONITORING], ports: OTLP },
    ],
  }),
  policy(GATEWAY, podsOf(GATEWAY), {
    ingress: [
      { ports: [tcp(ports.gateway)] },
      { from: [{ podSelector: podsOf(OPERATOR) }, MONITORING], ports: [tcp(ports.gatewayAdmin)] },
    ],
    egress: [
      { ports: SETTINGS.dnsPorts },
      { ports: SETTINGS.apiServerPorts },
      { to: [SERVERS] },
      { ports: SETTINGS.remotePorts },
      { to: [MONITORING], ports: OTLP },
    ],
  }),
];

function policy(name: string, podSelector: Node, rules: { readonly ingress: Node; readonly egress: Node }): Manifest {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadataOf(name),
    spec: { podSelector, policyTypes: ['Ingress', 'Egress'], ...rules },
  };
}

function podsOf(component: Component): Node {
  return { matchLabels: selectorOf(component) };
}

function tcp(port: number): Node {
  return { port, protocol: 'TCP' };
}
