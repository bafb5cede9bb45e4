import { CLUSTER, LABELS, MANAGED_BY, type MCPServer, keyOf, keyText, resolveServer } from '@mcp-runtime/api';
import { policyName } from '@mcp-runtime/delivery';
import { CONFINED, type Container, DRAIN, type VolumeMount } from './container.ts';
import { gatewaySecretsOf, roleFor } from './gateway-secrets.ts';
import { certificateSources } from './mtls.ts';
import { type DesiredObject, type Fields, ownedMetadata } from './object.ts';
import { isMtls } from './placement.ts';
import { refuse } from './refusal.ts';
import { resourcesOf } from './resources.ts';
import { publicHostOf } from './route-objects.ts';
import { type PlanObserved, type PlanSettings } from './settings.ts';
import { type Workload } from './workload.ts';

const SUFFIX = '-gateway';
/** Of a document that is in several ConfigMaps. */
const MAX_POLICY_PARTS = 64;
const RESOURCES = { requests: { cpu: '50m', memory: '96Mi' }, limits: { cpu: '500m', memory: '256Mi' } };
const RUN = '/run/mcp-runtime';
const STATE = '/var/lib/mcp-runtime';
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const TOKEN_SECONDS = 3607;

/** The port of a gateway in a pod, by its name. */
export const GATEWAY_PORT = 'gateway';
export const ADMIN_PORT = 'admin';

/** A server, and in the same pod the gateway that stands before it. */
export function withGateway(
  server: MCPServer,
  workload: Workload,
  settings: PlanSettings,
  observed: PlanObserved,
): Workload {
  const mounts = mountsOf(server, settings, observed);
  return {
    ...workload,
    containers: [...workload.containers, container(server, mounts, settings, observed)],
    volumes: [...workload.volumes, ...mounts.map(({ volume, name }) => ({ name, ...volume }))],
    account: ownedMetadata(server, SUFFIX).name,
  };
}

/**
 * What lets the gateway in a pod follow its own policy, and nothing else. The token is mounted into its container alone: the
 * server beside it has none.
 */
export function sidecarObjects(server: MCPServer, { tokenKeys }: PlanObserved): readonly DesiredObject[] {
  const metadata = ownedMetadata(server, SUFFIX);
  const { name, namespace } = server.metadata;
  const resourceNames = Array.from({ length: MAX_POLICY_PARTS }, (_, index) => policyName(name, index + 1));
  const verbs = ['get', 'list', 'watch'];
  const rules = [
    { apiGroups: [''], resources: ['configmaps'], resourceNames, verbs },
    // The pods in which sessions of its clients were begun; slices have no names of ours.
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs },
  ];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata, automountServiceAccountToken: false },
    ...roleFor(server, SUFFIX, { kind: 'ServiceAccount', name: metadata.name, namespace }, rules),
    ...(tokenKeys === undefined ? [] : [tokenKeysOf(namespace, tokenKeys)]),
  ];
}

/** Public keys, for all gateways in pods of the namespace; it belongs to no server. */
function tokenKeysOf(namespace: string, jwks: string): DesiredObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: CLUSTER.tokenKeys.secret, namespace, labels: { [LABELS.managedBy]: MANAGED_BY } },
    data: { [CLUSTER.tokenKeys.key]: jwks },
  };
}

/** Both listen in one pod. */
function checkedPort(server: MCPServer): number {
  const { gatewayPort } = resolveServer(server);
  const { port } = server.spec;
  const taken = [port, CLUSTER.ports.gatewayAdmin];
  if (!taken.includes(gatewayPort) && port !== CLUSTER.ports.gatewayAdmin) return gatewayPort;
  return refuse(
    'invalid_resource',
    `spec.port: is ${port} and the gateway in the same pod listens on ${gatewayPort} and ${CLUSTER.ports.gatewayAdmin}`,
    'give the server, or `spec.gateway.port`, another one',
  );
}

function container(
  server: MCPServer,
  mounts: readonly Mount[],
  settings: PlanSettings,
  observed: PlanObserved,
): Container {
  const { spec } = server;
  const gatewayPort = checkedPort(server);
  const probe = (path: string): Fields => ({ httpGet: { path, port: ADMIN_PORT }, timeoutSeconds: 3 });
  return {
    name: 'mcp-gateway',
    image: spec.gateway?.image ?? settings.images.runtime,
    imagePullPolicy: settings.images.pullPolicy,
    args: ['serve', 'gateway', ...flagsOf(server, settings, observed)],
    ports: [
      { name: GATEWAY_PORT, containerPort: gatewayPort, protocol: 'TCP' },
      { name: ADMIN_PORT, containerPort: CLUSTER.ports.gatewayAdmin, protocol: 'TCP' },
    ],
    env: [
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
    ],
    resources: resourcesOf(spec.gateway?.resources, RESOURCES, 'spec.gateway.resources'),
    volumeMounts: mounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly === undefined ? {} : { readOnly }),
    })),
    securityContext: CONFINED,
    lifecycle: DRAIN,
    startupProbe: { ...probe('/health'), periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { ...probe('/health'), periodSeconds: 10, failureThreshold: 3 },
    readinessProbe: { ...probe('/ready'), periodSeconds: 2, failureThreshold: 2 },
  };
}

function flagsOf(server: MCPServer, settings: PlanSettings, observed: PlanObserved): readonly string[] {
  const { gatewayPort } = resolveServer(server);
  const host = publicHostOf(server, settings);
  const scheme = isMtls(server) || settings.ingress.tlsSecret !== undefined ? 'https' : 'http';
  const keys = `${RUN}/token-keys/${CLUSTER.tokenKeys.key}`;
  const flags: Readonly<Record<string, string | undefined>> = {
    'watch-server': keyText(keyOf(server)),
    listen: `0.0.0.0:${gatewayPort}`,
    'admin-listen': `0.0.0.0:${CLUSTER.ports.gatewayAdmin}`,
    jwks: observed.tokenKeys === undefined ? undefined : keys,
    'session-keys': observed.sessionKeys === undefined ? undefined : `${RUN}/session-keys/${CLUSTER.sessionKeys.key}`,
    'policy-cache': `${STATE}/policy`,
    'audit-dir': `${STATE}/audit`,
    'external-url': host === undefined ? undefined : `${scheme}://${host}`,
    'secrets-dir': gatewaySecretsOf(server).length === 0 ? undefined : `${RUN}/secrets`,
    ...(isMtls(server) ? MTLS_FLAGS : {}),
  };
  return Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
}

/** Who shows no certificate that counts is refused by the route, which leaves a record, and not in the handshake, which leaves none. */
const MTLS_FLAGS = {
  'tls-cert': `${RUN}/tls/tls.crt`,
  'tls-key': `${RUN}/tls/tls.key`,
  'tls-client-ca': `${RUN}/tls/ca.crt`,
  'tls-client-certificates': 'optional',
};

interface Mount extends VolumeMount {
  /** Source of the volume of the same name. */
  readonly volume: Fields;
}

function mountsOf(server: MCPServer, settings: PlanSettings, observed: PlanObserved): readonly Mount[] {
  const { tokenKeys, sessionKeys } = observed;
  const readOnly = true;
  const secrets = gatewaySecretsOf(server).map((secretName, index) => ({
    name: `gateway-secret-${index}`,
    mountPath: `${RUN}/secrets/${secretName}`,
    readOnly,
    volume: { secret: { secretName, defaultMode: 0o440 } },
  }));
  const keys = {
    name: 'gateway-token-keys',
    mountPath: `${RUN}/token-keys`,
    readOnly,
    volume: { configMap: { name: CLUSTER.tokenKeys.secret } },
  };
  const seals = {
    name: 'gateway-session-keys',
    mountPath: `${RUN}/session-keys`,
    readOnly,
    volume: { secret: { secretName: sessionKeys, defaultMode: 0o440 } },
  };
  const tls = {
    name: 'gateway-tls',
    mountPath: `${RUN}/tls`,
    readOnly,
    volume: { projected: { defaultMode: 0o440, sources: certificateSources(server, settings, observed) } },
  };
  return [
    { name: 'gateway-tmp', mountPath: '/tmp', volume: { emptyDir: { sizeLimit: '64Mi' } } },
    { name: 'gateway-state', mountPath: STATE, volume: { emptyDir: { sizeLimit: '2Gi' } } },
    { name: 'gateway-account', mountPath: ACCOUNT, readOnly, volume: { projected: { sources: TOKEN_SOURCES } } },
    ...(tokenKeys === undefined ? [] : [keys]),
    ...(sessionKeys === undefined ? [] : [seals]),
    ...secrets,
    ...(isMtls(server) ? [tls] : []),
  ];
}

/** What the API server's clients find in every pod whose token is mounted (Kubernetes docs, "Bound service account tokens"). */
const TOKEN_SOURCES: readonly Fields[] = [
  { serviceAccountToken: { path: 'token', expirationSeconds: TOKEN_SECONDS } },
  { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
  { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
];
