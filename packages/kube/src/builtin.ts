import { AppError, BuiltinObjectMeta } from '@mcp-runtime/api';
import { isJsonObject } from './json.ts';
import { type KubeObject, type ResourceType } from './port.ts';

/** Kinds of Kubernetes itself. The API server validates them, so they are taken as they come. */

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  /** Base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
}

export interface Secret extends KubeObject {
  readonly type?: string;
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
}

export const CONFIG_MAPS = builtin<ConfigMap>('v1', 'ConfigMap', 'configmaps');
export const SECRETS = builtin<Secret>('v1', 'Secret', 'secrets');
export const SERVICES = builtin<KubeObject>('v1', 'Service', 'services');
export const SERVICE_ACCOUNTS = builtin<KubeObject>('v1', 'ServiceAccount', 'serviceaccounts');
export const PODS = builtin<KubeObject>('v1', 'Pod', 'pods');
export const DEPLOYMENTS = builtin<KubeObject>('apps/v1', 'Deployment', 'deployments');
export const ENDPOINT_SLICES = builtin<EndpointSlice>('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices');
export const INGRESSES = builtin<KubeObject>('networking.k8s.io/v1', 'Ingress', 'ingresses');
export const NETWORK_POLICIES = builtin<KubeObject>('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies');
/** Of cert-manager. */
export const CERTIFICATES = builtin<KubeObject>('cert-manager.io/v1', 'Certificate', 'certificates');
/** Of Traefik. */
export const INGRESS_ROUTES_TCP = builtin<KubeObject>('traefik.io/v1alpha1', 'IngressRouteTCP', 'ingressroutetcps');
export const HTTP_ROUTES = builtin<KubeObject>('gateway.networking.k8s.io/v1', 'HTTPRoute', 'httproutes');
export const POD_DISRUPTION_BUDGETS = builtin<KubeObject>('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets');
export const RESOURCE_QUOTAS = builtin<KubeObject>('v1', 'ResourceQuota', 'resourcequotas');
export const LIMIT_RANGES = builtin<KubeObject>('v1', 'LimitRange', 'limitranges');
export const ROLE_BINDINGS = builtin<KubeObject>('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings');
export const NAMESPACES = builtin<KubeObject>('v1', 'Namespace', 'namespaces', 'cluster');
export const LEASES = builtin<KubeObject>('coordination.k8s.io/v1', 'Lease', 'leases');
export const ROLES = builtin<KubeObject>('rbac.authorization.k8s.io/v1', 'Role', 'roles');
export const EVENTS = builtin<KubeObject>('v1', 'Event', 'events');
export const AUTOSCALERS = builtin<KubeObject>('autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers');

export interface EndpointSlice extends KubeObject {
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
    readonly targetRef?: { readonly name?: string };
  }[];
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[];
}

export const VALIDATING_WEBHOOKS = builtin<ValidatingWebhooks>(
  'admissionregistration.k8s.io/v1',
  'ValidatingWebhookConfiguration',
  'validatingwebhookconfigurations',
  'cluster',
);

export interface ValidatingWebhooks extends KubeObject {
  readonly webhooks?: readonly {
    readonly name: string;
    /** `caBundle` is PEM in base64. */
    readonly clientConfig: { readonly caBundle?: string; readonly url?: string; readonly service?: unknown };
  }[];
}

/** The API server answers for the rest of the shape. */
function builtin<T extends KubeObject>(
  apiVersion: string,
  kind: string,
  plural: string,
  scope: 'namespaced' | 'cluster' = 'namespaced',
): ResourceType<T> {
  const isShaped = (value: unknown): value is T =>
    isJsonObject(value) &&
    value['apiVersion'] === apiVersion &&
    value['kind'] === kind &&
    BuiltinObjectMeta.safeParse(value['metadata']).success;
  const parse = (value: unknown): T => {
    if (!isShaped(value)) throw new AppError('invalid_resource', `${kind}: must be a \`${kind}\` of \`${apiVersion}\``);
    return value;
  };
  return { apiVersion, kind, plural, namespaced: scope === 'namespaced', parse };
}
