import { type Permission } from '@mcp-runtime/operator/cluster';

const WATCH = ['get', 'list', 'watch'] as const;

/** Policies and routes are ConfigMaps in the namespaces of servers; the pods of a server are found by its slices. */
export const GATEWAY_PERMISSIONS: readonly Permission[] = [
  { apiGroup: '', resources: ['configmaps'], verbs: WATCH },
  { apiGroup: 'discovery.k8s.io', resources: ['endpointslices'], verbs: WATCH },
];
