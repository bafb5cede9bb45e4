import { PEOPLE_ROLES } from '@mcp-runtime/api';

const WATCH = ['get', 'list', 'watch'] as const;
const APPLY = ['create', 'patch', 'delete', ...WATCH] as const;
const RBAC = 'rbac.authorization.k8s.io';

/** What furnishing the namespaces of teams takes. */
export const TENANCY_PERMISSIONS = [
  { apiGroup: '', resources: ['namespaces'], verbs: ['patch', ...WATCH] },
  { apiGroup: '', resources: ['resourcequotas', 'limitranges'], verbs: APPLY },
  { apiGroup: 'networking.k8s.io', resources: ['networkpolicies'], verbs: APPLY },
  { apiGroup: RBAC, resources: ['rolebindings'], verbs: APPLY },
  // Binding a role that allows more than one may do oneself; these three and no other.
  { apiGroup: RBAC, resources: ['clusterroles'], names: Object.values(PEOPLE_ROLES), verbs: ['bind'] },
] as const;
