import { createHash } from 'node:crypto';
import { ANNOTATIONS, LABELS, MANAGED_BY, PARTS, PEOPLE_ROLES, TENANCY } from '@mcp-runtime/api';
import { type KubeObject } from '@mcp-runtime/kube';
import { type DesiredObject, dnsRule } from '../plan/index.ts';
import { type Fields } from '../plan/object.ts';
import { type OperatorSettings } from '../settings.ts';
import { teamGroups } from './groups.ts';

export interface TenantPlan {
  /** Labels of the namespace. */
  readonly labels: Readonly<Record<string, string>>;
  readonly objects: readonly DesiredObject[];
  /** What was asked for and is not done, for people. */
  readonly refused: readonly string[];
}

type Settings = Pick<OperatorSettings, 'dns' | 'tenancy'>;

/** Pure: what the namespace of a team has. */
export function planTenant(namespace: KubeObject, settings: Settings): TenantPlan {
  const { tenancy } = settings;
  const { owners, members, refused } = teamGroups(namespace, tenancy);
  const of = (apiVersion: string, kind: string, name: string, content: Fields): DesiredObject =>
    desired(namespace, { apiVersion, kind, name, content });
  const bound = (name: string, role: string, groups: readonly string[]): readonly DesiredObject[] =>
    groups.length === 0 ? [] : [of(`${RBAC}/v1`, 'RoleBinding', name, binding(role, groups))];
  return {
    labels: podSecurityLabels(tenancy.podSecurity),
    objects: [
      of('v1', 'LimitRange', TENANCY.limits, { spec: limitRange(tenancy) }),
      of(NETWORKING, 'NetworkPolicy', TENANCY.isolation, { spec: ISOLATION }),
      of(NETWORKING, 'NetworkPolicy', TENANCY.ownPods, { spec: ownPods(settings) }),
      ...(Object.keys(tenancy.quota).length === 0
        ? []
        : [of('v1', 'ResourceQuota', TENANCY.quota, { spec: { hard: tenancy.quota } })]),
      ...bound(TENANCY.accessAdmins, PEOPLE_ROLES.accessAdmin, owners),
      ...bound(TENANCY.authors, PEOPLE_ROLES.author, members),
      ...bound(TENANCY.viewers, PEOPLE_ROLES.viewer, members),
    ],
    refused,
  };
}

const RBAC = 'rbac.authorization.k8s.io';
const NETWORKING = 'networking.k8s.io/v1';

function podSecurityLabels(level: OperatorSettings['tenancy']['podSecurity']): Readonly<Record<string, string>> {
  if (level === 'unlabelled') return {};
  return Object.fromEntries(['audit', 'enforce', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, level]));
}

function limitRange({ defaultLimit, defaultRequest }: OperatorSettings['tenancy']): Fields {
  return { limits: [{ type: 'Container', default: defaultLimit, defaultRequest }] };
}

/** Nothing in and nothing out, for every pod. Policies add up: what a server may is in the policy of that server. */
const ISOLATION: Fields = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] };

/**
 * Pods that are no servers may talk to one another. Servers are not among them: a neighbour that reaches a server, or is
 * reached by one, has gone round the gateway.
 */
function ownPods(settings: Settings): Fields {
  const neighbours = [{ podSelector: OTHER_PODS }];
  return {
    podSelector: OTHER_PODS,
    policyTypes: ['Ingress', 'Egress'],
    ingress: [{ from: neighbours }],
    egress: [dnsRule(settings), { to: neighbours }],
  };
}

const OTHER_PODS: Fields = { matchExpressions: [{ key: LABELS.server, operator: 'DoesNotExist' }] };

function binding(role: string, groups: readonly string[]): Fields {
  return {
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role },
    subjects: groups.map((name) => ({ apiGroup: RBAC, kind: 'Group', name })),
  };
}

interface Part {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly content: Fields;
}

function desired({ metadata }: KubeObject, { apiVersion, kind, name, content }: Part): DesiredObject {
  const team = metadata.labels?.[LABELS.teamId];
  const labels = {
    [LABELS.managedBy]: MANAGED_BY,
    [LABELS.part]: PARTS.tenancy,
    ...(team === undefined ? {} : { [LABELS.teamId]: team }),
  };
  const digest = createHash('sha256')
    .update(JSON.stringify([labels, content]))
    .digest('hex')
    .slice(0, 32);
  const annotations = { [ANNOTATIONS.furnished]: digest };
  return { apiVersion, kind, metadata: { name, namespace: metadata.name, labels, annotations }, ...content };
}
