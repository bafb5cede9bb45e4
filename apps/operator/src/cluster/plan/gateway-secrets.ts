import { CLUSTER, type MCPServer } from '@mcp-runtime/api';
import { type DesiredObject, type Fields, ownedMetadata } from './object.ts';
import { type PlanSettings } from './settings.ts';

const RBAC = 'rbac.authorization.k8s.io';
const SUFFIX = '-gateway-secrets';

/** Names of the Secrets whose values a gateway presents for a server. Sorted. */
export function gatewaySecretsOf({ spec }: MCPServer): readonly string[] {
  const { upstreamAuth, auth } = spec;
  const refs = [
    upstreamAuth?.secretRef,
    upstreamAuth?.tokenExchange?.clientSecretRef,
    auth?.mode === 'oauth' ? auth.introspection?.clientSecretRef : undefined,
  ];
  return [...new Set(refs.flatMap((ref) => (ref === undefined ? [] : [ref.name])))].toSorted();
}

/** Lets the shared gateways read these Secrets, by name, and no others of the namespace. */
export function gatewaySecretsRole(server: MCPServer, { gateway }: PlanSettings): readonly DesiredObject[] {
  const resourceNames = gatewaySecretsOf(server);
  if (resourceNames.length === 0) return [];
  const account = { kind: 'ServiceAccount', name: CLUSTER.gateway, namespace: gateway.namespace };
  return roleFor(server, SUFFIX, account, [{ apiGroups: [''], resources: ['secrets'], resourceNames, verbs: ['get'] }]);
}

export function roleFor(
  server: MCPServer,
  suffix: string,
  account: Fields,
  rules: readonly Fields[],
): readonly DesiredObject[] {
  const metadata = ownedMetadata(server, suffix);
  return [
    { apiVersion: `${RBAC}/v1`, kind: 'Role', metadata, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: RBAC, kind: 'Role', name: metadata.name },
      subjects: [account],
    },
  ];
}
