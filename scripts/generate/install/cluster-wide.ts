import { API_GROUP, API_VERSION, CATALOG_NAMESPACES, CLUSTER, LABELS } from '@mcp-runtime/api';
import { PART_OF, SETTINGS } from './settings.ts';
import { type Manifest, type Node } from './setting.ts';

/** What belongs to no namespace. */

const RESTRICTED = Object.fromEntries(
  ['enforce', 'audit', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']),
);

export const NAMESPACE: Manifest = namespace(CLUSTER.namespace, PART_OF);

/** Servers that everybody signed in, or everybody, may use; the operator furnishes the namespace as one of a team. */
export const CATALOGS: Readonly<Record<keyof typeof CATALOG_NAMESPACES, Manifest>> = {
  org: catalog('org'),
  public: catalog('public'),
};

/** Calls in progress come first, then the programs that keep servers right; pods of servers go before either. */
export const PRIORITY_CLASSES: readonly Manifest[] = [
  priorityClass(CLUSTER.gateway, 100_000_000, 'The data path of governed MCP servers.'),
  priorityClass(CLUSTER.operator, 90_000_000, 'The operator of MCP servers.'),
];

/** Pure checks of ours; what only takes access away is never asked about. */
export const WEBHOOK: Manifest = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: CLUSTER.webhook, labels: PART_OF },
  webhooks: [
    webhook('servers', 'mcpservers', []),
    webhook('grants', 'mcpaccessgrants', [unless('disabled')]),
    webhook('sessions', 'mcpagentsessions', [unless('revoked')]),
  ],
};

/** So that an operator that is down never keeps anybody from taking access away. */
function unless(field: string): Node {
  return { name: 'may-open-something', expression: `!has(object.spec.${field}) || !object.spec.${field}` };
}

function webhook(name: string, resource: string, matchConditions: Node): Node {
  const [group, version] = API_VERSION.split('/');
  return {
    name: `${name}.webhook.${API_GROUP}`,
    clientConfig: {
      service: { namespace: CLUSTER.namespace, name: CLUSTER.webhook, path: `/validate/${resource}`, port: 443 },
    },
    rules: [
      {
        apiGroups: [group ?? ''],
        apiVersions: [version ?? ''],
        operations: ['CREATE', 'UPDATE'],
        resources: [resource],
        scope: 'Namespaced',
      },
    ],
    matchConditions,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: SETTINGS.failurePolicy,
    matchPolicy: 'Equivalent',
    timeoutSeconds: 5,
  };
}

function catalog(scope: keyof typeof CATALOG_NAMESPACES): Manifest {
  return namespace(CATALOG_NAMESPACES[scope], {
    ...PART_OF,
    [LABELS.managedNamespace]: 'true',
    [LABELS.scope]: scope,
  });
}

function namespace(name: string, labels: Readonly<Record<string, string>>): Manifest {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { ...labels, ...RESTRICTED } } };
}

function priorityClass(name: string, value: number, description: string): Manifest {
  return {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name, labels: PART_OF },
    value,
    description,
  };
}
