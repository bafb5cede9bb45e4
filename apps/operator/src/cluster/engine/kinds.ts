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

/** Kinds that a cluster has only when somebody installed them: being without one is no reason to do nothing at all. */
const OF_OTHERS: readonly Kind[] = [CERTIFICATES, HTTP_ROUTES, INGRESS_ROUTES_TCP];

/** Kinds of the objects that servers are made of. */
export const OWNED_KINDS: readonly Kind[] = [
  CONFIG_MAPS,
  DEPLOYMENTS,
  INGRESSES,
  NETWORK_POLICIES,
  POD_DISRUPTION_BUDGETS,
  ROLES,
  ROLE_BINDINGS,
  SERVICES,
  SERVICE_ACCOUNTS,
  ...OF_OTHERS,
];

/**
 * Whether a cluster has to have the kind: `when-served` where servers go on without it, `for-removal` where settings ask for no
 * such object, and what is there was made before they were changed.
 */
export function needOf(
  type: Kind,
  { ingress, mtls }: Pick<OperatorSettings, 'ingress' | 'mtls'>,
): 'always' | 'when-served' | 'for-removal' {
  if (!OF_OTHERS.includes(type)) return 'always';
  const isAskedFor =
    (type === HTTP_ROUTES && ingress.parentRef !== undefined) ||
    (type === CERTIFICATES && mtls.issuer === 'cert-manager') ||
    (type === INGRESS_ROUTES_TCP && mtls.passthrough === 'traefik');
  return isAskedFor ? 'when-served' : 'for-removal';
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
