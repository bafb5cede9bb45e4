/** What gateways that watch may do with the Kubernetes API; roles of the installation are generated from these lists. */
interface Permission {
  readonly apiGroup: string;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const WATCH = ['get', 'list', 'watch'] as const;

/**
 * Of shared gateways, in every namespace: policies and routes are ConfigMaps beside the servers, and the pods of a server are
 * found by its EndpointSlices. Secrets are not among these: a Role beside each server names those that it needs.
 */
export const GATEWAY_PERMISSIONS: readonly Permission[] = [
  { apiGroup: '', resources: ['configmaps'], verbs: WATCH },
  { apiGroup: 'discovery.k8s.io', resources: ['endpointslices'], verbs: WATCH },
];

/**
 * Of a gateway beside one server, in its namespace: on the ConfigMaps of that server alone (`policyName`), and where the pods
 * are in which sessions of its clients were begun.
 */
export const SIDECAR_PERMISSIONS: readonly Permission[] = [
  { apiGroup: '', resources: ['configmaps'], verbs: WATCH },
  { apiGroup: 'discovery.k8s.io', resources: ['endpointslices'], verbs: WATCH },
];
