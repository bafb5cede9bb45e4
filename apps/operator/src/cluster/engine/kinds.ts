import {
  CERTIFICATES,
  CONFIG_MAPS,
  DEPLOYMENTS,
  HTTP_ROUTES,
  INGRESSES,
  INGRESS_ROUTES_TCP,
  type KubeObject,
  NETWORK_POLICIES,
  POD_DISRUPTION_BUDGETS,
  ROLES,
  ROLE_BINDINGS,
  type ResourceType,
  SERVICES,
  SERVICE_ACCOUNTS,
} from '@mcp-runtime/kube';
import { type OperatorSettings } from '../settings.ts';

type Kind = ResourceType<KubeObject>;

const ALWAYS: readonly Kind[] = [
  CONFIG_MAPS,
  DEPLOYMENTS,
  INGRESSES,
  NETWORK_POLICIES,
  POD_DISRUPTION_BUDGETS,
  ROLES,
  ROLE_BINDINGS,
  SERVICES,
  SERVICE_ACCOUNTS,
];

/** Kinds of the objects that servers are made of. Some a cluster has only when somebody installed them, as settings say. */
export function ownedKinds({ ingress, mtls }: Pick<OperatorSettings, 'ingress' | 'mtls'>): readonly Kind[] {
  return [
    ...ALWAYS,
    ...(ingress.parentRef === undefined ? [] : [HTTP_ROUTES]),
    ...(mtls.issuer === 'cert-manager' ? [CERTIFICATES] : []),
    ...(mtls.passthrough === 'traefik' ? [INGRESS_ROUTES_TCP] : []),
  ];
}

/** Kinds that a cluster has only when somebody installed them: being without one is no reason to do nothing at all. */
const OF_OTHERS: ReadonlySet<Kind> = new Set([CERTIFICATES, HTTP_ROUTES, INGRESS_ROUTES_TCP]);

export function isOfOthers(type: Kind): boolean {
  return OF_OTHERS.has(type);
}

interface Named {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string };
}

/** An object among all that there are. */
export function idOf({ apiVersion, kind, metadata }: Named): string {
  return `${apiVersion}/${kind}/${metadata.namespace}/${metadata.name}`;
}

/** For people: `Deployment team-a/files`. */
export function textOf({ kind, metadata }: Named): string {
  return `${kind} \`${metadata.namespace}/${metadata.name}\``;
}
