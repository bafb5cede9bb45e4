import {
  CONFIG_MAPS,
  DEPLOYMENTS,
  HTTP_ROUTES,
  INGRESSES,
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

/** Kinds of the objects that servers are made of. A cluster has the Gateway API only when somebody installed it. */
export function ownedKinds({ ingress }: Pick<OperatorSettings, 'ingress'>): readonly Kind[] {
  return ingress.kind === 'httproute' ? [...ALWAYS, HTTP_ROUTES] : ALWAYS;
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
