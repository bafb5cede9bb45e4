import { API_GROUP, CLUSTER } from '@mcp-runtime/api';
import { ACCESS_PERMISSIONS } from '../access/permissions.ts';
import { TENANCY_PERMISSIONS } from './tenancy/permissions.ts';

/** What a program may do with the Kubernetes API. Roles of the installation are generated from lists of these. */
export interface Permission {
  readonly apiGroup: string;
  readonly resources: readonly string[];
  /** Only objects of these names; all when absent. */
  readonly names?: readonly string[];
  readonly verbs: readonly string[];
}

const WATCH = ['get', 'list', 'watch'] as const;
/** Server-side apply is a patch, and a create where there is no object. */
const APPLY = ['create', 'patch', 'delete', ...WATCH] as const;

/** In every namespace. */
export const OPERATOR_PERMISSIONS: readonly Permission[] = [
  { apiGroup: API_GROUP, resources: ['mcpservers', 'mcpaccessgrants', 'mcpagentsessions'], verbs: WATCH },
  { apiGroup: API_GROUP, resources: ['mcpservers/status'], verbs: ['update', 'patch'] },
  // Objects that name an owner which blocks its deletion need this where OwnerReferencesPermissionEnforcement is on.
  { apiGroup: API_GROUP, resources: ['mcpservers/finalizers'], verbs: ['update'] },
  { apiGroup: 'apps', resources: ['deployments'], verbs: APPLY },
  { apiGroup: '', resources: ['services', 'configmaps', 'serviceaccounts'], verbs: APPLY },
  { apiGroup: 'networking.k8s.io', resources: ['ingresses', 'networkpolicies'], verbs: APPLY },
  { apiGroup: 'policy', resources: ['poddisruptionbudgets'], verbs: APPLY },
  { apiGroup: '', resources: ['pods'], verbs: WATCH },
  { apiGroup: 'autoscaling', resources: ['horizontalpodautoscalers'], verbs: WATCH },
  // Of the gateways; listed in every namespace because the namespace of the gateways is a setting.
  { apiGroup: 'discovery.k8s.io', resources: ['endpointslices'], verbs: WATCH },
  { apiGroup: '', resources: ['events'], verbs: ['get', 'create', 'patch'] },
  // Roles that let gateways read the Secrets of `upstreamAuth`; who makes such a role must be able to read them (RBAC,
  // "Restrictions on role creation or update").
  { apiGroup: 'rbac.authorization.k8s.io', resources: ['roles', 'rolebindings'], verbs: APPLY },
  // And the session keys of gateways in pods, which are created and never changed.
  { apiGroup: '', resources: ['secrets'], verbs: ['get', 'create'] },
  // Copies of the installation's pull secret, under this one name.
  { apiGroup: '', resources: ['secrets'], names: [CLUSTER.pullSecret], verbs: ['update', 'delete'] },
  {
    apiGroup: 'admissionregistration.k8s.io',
    resources: ['validatingwebhookconfigurations'],
    verbs: ['get', 'update'],
    names: [CLUSTER.webhook],
  },
  // Servers with client certificates, where settings ask for it; rules for kinds that a cluster has not are of no effect.
  { apiGroup: 'cert-manager.io', resources: ['certificates'], verbs: APPLY },
  { apiGroup: 'traefik.io', resources: ['ingressroutetcps'], verbs: APPLY },
  ...ACCESS_PERMISSIONS,
  ...TENANCY_PERMISSIONS,
];

/** In every namespace, where ingress is by HTTPRoutes. */
export const HTTP_ROUTE_PERMISSIONS: readonly Permission[] = [
  { apiGroup: 'gateway.networking.k8s.io', resources: ['httproutes'], verbs: APPLY },
];

/** In the namespace of the installation alone. */
export const INSTALLATION_PERMISSIONS: readonly Permission[] = [
  // Its own pull secret is followed as it changes.
  { apiGroup: '', resources: ['secrets'], verbs: ['get', 'list', 'watch', 'create', 'update'] },
  { apiGroup: 'coordination.k8s.io', resources: ['leases'], verbs: [...WATCH, 'create', 'update'] },
];
