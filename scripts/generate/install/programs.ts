import { ANNOTATIONS, CLUSTER } from '@mcp-runtime/api';
import { type Program, type Volume, deploymentOf, statefulSetOf } from './pods.ts';
import { type Component, SETTINGS, metadataOf, selectorOf } from './settings.ts';
import { type Manifest, type Setting, digestOf, yamlText } from './setting.ts';

/** The two programs of an installation, with what they are reached by and started with. */

const { ports, operator: OPERATOR, gateway: GATEWAY } = CLUSTER;
const CONFIG = '/etc/mcp-runtime';
const KEYS = '/run/mcp-runtime';
const STATE = '/var/lib/mcp-runtime';

const DRAIN_SECONDS = 25;

const OPERATOR_PROGRAM: Program = {
  name: OPERATOR,
  replicas: SETTINGS.operatorReplicas,
  resources: SETTINGS.operatorResources,
  args: [
    'serve',
    'operator',
    ...flags({ config: `${CONFIG}/operator.yaml`, image: SETTINGS.image, 'log-level': SETTINGS.logLevel }),
  ],
  podFields: { POD_UID: 'metadata.uid' },
  // It reads its settings when it starts, so other settings are for other pods.
  annotations: { [ANNOTATIONS.settingsDigest]: digestOf(SETTINGS.settings) },
  ports: [
    { name: 'admin', containerPort: ports.operatorAdmin },
    { name: 'webhook', containerPort: ports.webhook },
  ],
  probePort: 'admin',
  priorityClass: OPERATOR,
  drainSeconds: 15,
  volumes: [{ name: 'config', mountPath: CONFIG, readOnly: 'yes', source: { configMap: { name: OPERATOR } } }],
};

const GATEWAY_PROGRAM: Program = {
  name: GATEWAY,
  replicas: SETTINGS.gatewayReplicas,
  resources: SETTINGS.gatewayResources,
  args: [
    'serve',
    'gateway',
    '--watch',
    ...flags({
      config: `${CONFIG}/gateway.yaml`,
      listen: `0.0.0.0:${ports.gateway}`,
      'admin-listen': `0.0.0.0:${ports.gatewayAdmin}`,
      jwks: `${KEYS}/token-keys/${CLUSTER.tokenKeys.key}`,
      'session-keys': `${KEYS}/session-keys/${CLUSTER.sessionKeys.key}`,
      'policy-cache': `${STATE}/policy`,
      'audit-dir': `${STATE}/audit`,
    }),
  ],
  podFields: { POD_NAME: 'metadata.name', POD_NAMESPACE: 'metadata.namespace' },
  ports: [
    { name: 'http', containerPort: ports.gateway },
    { name: 'admin', containerPort: ports.gatewayAdmin },
  ],
  probePort: 'admin',
  priorityClass: GATEWAY,
  // As long as the gateway itself gives open requests to end, and a little.
  drainSeconds: DRAIN_SECONDS + 5,
  volumes: [
    { name: 'config', mountPath: CONFIG, readOnly: 'yes', source: { configMap: { name: GATEWAY } } },
    // The operator makes these at its first start; pods wait for them.
    keys('token-keys', CLUSTER.tokenKeys),
    keys('session-keys', CLUSTER.sessionKeys),
  ],
};

/** Of a gateway: audit records, and the policies that it starts with while the API is away. */
const STATE_VOLUME = { name: 'state', mountPath: STATE } as const;
const ADMIN_SERVICE = `${GATEWAY}-admin`;

function flags(values: Readonly<Record<string, string | Setting>>): readonly (string | Setting)[] {
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]);
}

function keys(name: string, { secret, key }: { readonly secret: string; readonly key: string }): Volume {
  return {
    name,
    mountPath: `${KEYS}/${name}`,
    readOnly: 'yes',
    source: { secret: { secretName: secret, items: [{ key, path: key }], defaultMode: 0o440 } },
  };
}

export const OPERATOR_OBJECTS: readonly Manifest[] = [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadataOf(OPERATOR),
    data: {
      'operator.yaml': yamlText(SETTINGS.settings),
    },
  },
  deploymentOf(OPERATOR_PROGRAM),
  headlessOf(OPERATOR, OPERATOR, ports.operatorAdmin),
  service(CLUSTER.webhook, OPERATOR, { ports: [{ name: 'webhook', port: 443, targetPort: 'webhook' }] }),
  disruptionBudgetOf(OPERATOR),
];

export const GATEWAY_OBJECTS: readonly Manifest[] = [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadataOf(GATEWAY),
    data: {
      'gateway.yaml': yamlText({
        logLevel: SETTINGS.logLevel,
        drainMs: DRAIN_SECONDS * 1000,
        auditMaxBytes: SETTINGS.auditMaxBytes,
      }),
    },
  },
  service(GATEWAY, GATEWAY, { ports: [{ name: 'http', port: 80, targetPort: 'http', appProtocol: 'http' }] }),
  headlessOf(ADMIN_SERVICE, GATEWAY, ports.gatewayAdmin),
  disruptionBudgetOf(GATEWAY),
];

/** Gateways whose audit records go with their pods. */
export const GATEWAY_DEPLOYMENT: Manifest = deploymentOf({
  ...GATEWAY_PROGRAM,
  volumes: [
    ...GATEWAY_PROGRAM.volumes,
    { ...STATE_VOLUME, readOnly: 'no', source: { emptyDir: { sizeLimit: SETTINGS.auditSpool } } },
  ],
});

/** Gateways whose audit records stay. */
export const GATEWAY_STATEFUL_SET: Manifest = statefulSetOf(GATEWAY_PROGRAM, {
  serviceName: ADMIN_SERVICE,
  claim: { ...STATE_VOLUME, size: SETTINGS.auditSpool, storageClass: SETTINGS.storageClass },
});

function service(
  name: string,
  of: Component,
  spec: { readonly ports: readonly Readonly<Record<string, string | number>>[] },
): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(name),
    spec: {
      type: 'ClusterIP',
      selector: selectorOf(of),
      ports: spec.ports.map((port) => ({ protocol: 'TCP', ...port })),
    },
  };
}

/** Each pod by itself, also one that is not ready: for metrics and for the state of a replica. */
function headlessOf(name: string, of: Component, port: number): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(name),
    spec: {
      type: 'ClusterIP',
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: selectorOf(of),
      ports: [{ name: 'admin', port, targetPort: 'admin', protocol: 'TCP' }],
    },
  };
}

/** One at a time, however many there are: a budget of one replica must not stop a node from being drained. */
function disruptionBudgetOf(component: Component): Manifest {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadataOf(component),
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: selectorOf(component) },
    },
  };
}
