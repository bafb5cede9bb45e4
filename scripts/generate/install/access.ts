import { API_GROUP, CLUSTER, PEOPLE_ROLES } from '@mcp-runtime/api';
import { GATEWAY_PERMISSIONS } from '@mcp-runtime/delivery';
import {
  HTTP_ROUTE_PERMISSIONS,
  INSTALLATION_PERMISSIONS,
  OPERATOR_PERMISSIONS,
  type Permission,
} from '@mcp-runtime/operator/cluster';
import { type Component, PART_OF, metadataOf } from './settings.ts';
import { type Manifest, type Node } from './setting.ts';

/** What the programs may do, from what their code declares, and roles for people. */

const RBAC = 'rbac.authorization.k8s.io';

export const ACCESS_OBJECTS: readonly Manifest[] = [
  ...programRoles(CLUSTER.operator, [...OPERATOR_PERMISSIONS, ...HTTP_ROUTE_PERMISSIONS]),
  {
    ...named('Role', metadataOf(CLUSTER.operator)),
    rules: rulesOf(INSTALLATION_PERMISSIONS),
  },
  {
    ...named('RoleBinding', metadataOf(CLUSTER.operator)),
    roleRef: { apiGroup: RBAC, kind: 'Role', name: CLUSTER.operator },
    subjects: [accountOf(CLUSTER.operator)],
  },
  ...programRoles(CLUSTER.gateway, GATEWAY_PERMISSIONS),
];

/**
 * Roles for people, part of the roles `view`, `edit` and `admin` that every cluster has ("User-facing roles"). Who may change
 * a namespace may run servers there; who may call them is for its administrators.
 */
export const ROLES_OF_PEOPLE: readonly Manifest[] = [
  peopleRole(PEOPLE_ROLES.viewer, 'view', [
    [
      ['mcpservers', 'mcpaccessgrants', 'mcpagentsessions'],
      ['get', 'list', 'watch'],
    ],
  ]),
  peopleRole(PEOPLE_ROLES.author, 'edit', [
    [['mcpservers'], ['create', 'update', 'patch', 'delete', 'deletecollection']],
  ]),
  peopleRole(PEOPLE_ROLES.accessAdmin, 'admin', [
    [
      ['mcpaccessgrants', 'mcpagentsessions'],
      ['create', 'update', 'patch', 'delete', 'deletecollection'],
    ],
  ]),
];

function programRoles(program: Component, permissions: readonly Permission[]): readonly Manifest[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadataOf(program), automountServiceAccountToken: false },
    { ...named('ClusterRole', { name: program, labels: PART_OF }), rules: rulesOf(permissions) },
    {
      ...named('ClusterRoleBinding', { name: program, labels: PART_OF }),
      roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: program },
      subjects: [accountOf(program)],
    },
  ];
}

function peopleRole(
  name: string,
  joins: string,
  rules: readonly (readonly [readonly string[], readonly string[]])[],
): Manifest {
  return {
    ...named('ClusterRole', {
      name,
      labels: { ...PART_OF, [`${RBAC}/aggregate-to-${joins}`]: 'true' },
    }),
    rules: rules.map(([resources, verbs]) => ({ apiGroups: [API_GROUP], resources, verbs })),
  };
}

function rulesOf(permissions: readonly Permission[]): Node {
  return permissions.map(({ apiGroup, resources, verbs, names }) => ({
    apiGroups: [apiGroup],
    resources,
    ...(names === undefined ? {} : { resourceNames: names }),
    verbs,
  }));
}

function accountOf(program: Component): Node {
  return { kind: 'ServiceAccount', name: program, namespace: CLUSTER.namespace };
}

function named(kind: string, metadata: Manifest['metadata']): Pick<Manifest, 'apiVersion' | 'kind' | 'metadata'> {
  return { apiVersion: `${RBAC}/v1`, kind, metadata };
}
