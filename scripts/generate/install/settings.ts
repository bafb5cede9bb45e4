import { CLUSTER, LABELS } from '@mcp-runtime/api';
import { OperatorSettings } from '@mcp-runtime/operator/cluster';
import { toJsonSchema } from '../json-schema.ts';
import { type JsonMap, setting } from './setting.ts';

/** What an installer may set. Paths are those of the values of the chart. */

const TEXT = { type: 'string', minLength: 1 } as const;
const COUNT = { type: 'integer', minimum: 1 } as const;
const OBJECT = { type: 'object' } as const;
const PORTS = { type: 'array', items: OBJECT } as const;
/** Absent, where the platform itself chooses, as OpenShift does. */
const ID = { type: ['integer', 'null'], minimum: 1 } as const;

const PLATFORM_USER = 65_532;

export const SETTINGS = {
  image: setting(
    'image',
    'localhost/mcp-runtime:dev',
    'Image of the product, best by digest: `host/name@sha256:…`.',
    TEXT,
  ),
  pullPolicy: setting('imagePullPolicy', 'IfNotPresent', 'When nodes pull the image.', {
    enum: ['Always', 'IfNotPresent', 'Never'],
  }),
  pullSecrets: setting('imagePullSecrets', [], 'Secrets of the registry of the image: a list of `name`.', {
    type: 'array',
    items: OBJECT,
  }),
  mode: setting('mode', 'tenant', 'Whose servers this installation is for: teams, an organization, or everybody.', {
    enum: ['tenant', 'org', 'public'],
  }),
  createNamespace: setting('createNamespace', true, 'Whether the namespace `mcp-runtime` is made here.', {
    type: 'boolean',
  }),
  operatorReplicas: setting('operator.replicas', 1, 'One works at a time, the others wait to take over.', COUNT),
  operatorResources: setting(
    'operator.resources',
    { requests: { cpu: '250m', memory: '192Mi' }, limits: { memory: '768Mi' } },
    'Of each replica. No limit of CPU: a throttled operator is a late one.',
    OBJECT,
  ),
  gatewayReplicas: setting('gateway.replicas', 2, 'Of the shared gateway.', COUNT),
  gatewayResources: setting(
    'gateway.resources',
    { requests: { cpu: '250m', memory: '192Mi' }, limits: { memory: '768Mi' } },
    'Of each replica. No limit of CPU: throttling is latency of every call.',
    OBJECT,
  ),
  auditVolume: setting(
    'gateway.auditVolume',
    'pod',
    'Volume of audit records: one that is lost with its `pod`, or a `claim` for each replica, which outlives it.',
    { enum: ['pod', 'claim'] },
  ),
  storageClass: setting(
    'gateway.storageClass',
    null,
    'StorageClass of the claims; null is the default one of the cluster.',
    { type: ['string', 'null'], minLength: 1 },
  ),
  auditSpool: setting(
    'gateway.auditSpool',
    '2Gi',
    'Size of the volume of audit records; a pod that exceeds one of its own is evicted.',
    TEXT,
  ),
  auditMaxBytes: setting(
    'gateway.auditMaxBytes',
    1.5 * 1024 ** 3,
    'How much is recorded before a gateway says that its disk is full; less than the volume holds.',
    { type: 'integer', minimum: 1_048_576 },
  ),
  spread: setting('spread', 'ScheduleAnyway', 'Whether replicas may share a node when there is no other.', {
    enum: ['ScheduleAnyway', 'DoNotSchedule'],
  }),
  user: setting('security.runAsUser', PLATFORM_USER, 'User of the processes; null where the platform assigns one.', ID),
  group: setting(
    'security.runAsGroup',
    PLATFORM_USER,
    'Group of the processes; null where the platform assigns one.',
    ID,
  ),
  fsGroup: setting('security.fsGroup', PLATFORM_USER, 'Group of volumes; null where the platform assigns one.', ID),
  logLevel: setting('logLevel', 'info', 'How much is logged.', { enum: ['debug', 'info', 'warn', 'error', 'silent'] }),
  apiServerPorts: setting(
    'network.apiServerPorts',
    [443, 6443].map((port) => ({ port, protocol: 'TCP' })),
    'Ports of the API server, behind its Service (443) and at its address: it is no pod that a policy could select.',
    PORTS,
  ),
  dnsPorts: setting(
    'network.dnsPorts',
    ['UDP', 'TCP'].map((protocol) => ({ port: 53, protocol })),
    'Ports at which pods of the cluster DNS, or its cache on the node, answer.',
    PORTS,
  ),
  remotePorts: setting(
    'network.remotePorts',
    [{ port: 443, protocol: 'TCP' }],
    'Ports of what is outside of the cluster: MCP servers by URL, OAuth issuers.',
    PORTS,
  ),
  failurePolicy: setting(
    'webhook.failurePolicy',
    'Ignore',
    'Whether resources are refused while no operator can judge them. What it would refuse opens nothing either way.',
    { enum: ['Ignore', 'Fail'] },
  ),
  settings: setting(
    'settings',
    { ingress: { kind: 'ingress' } },
    'Settings of the operator: ingress, packages, registry, retention, egress, DNS, mTLS, ... (docs/reference/operator-settings.md).',
    settingsSchema(),
  ),
} as const;

/** The image of the product is given by a flag. */
function settingsSchema(): JsonMap {
  const { shape } = OperatorSettings;
  const { type = 'object', properties = {} } = toJsonSchema(
    OperatorSettings.extend({ images: shape.images.partial().optional() }),
  );
  return JSON.parse(JSON.stringify({ type, additionalProperties: false, properties }));
}

/** Labels of everything that is installed. */
export const PART_OF = { 'app.kubernetes.io/part-of': 'mcp-runtime' } as const;

export type Component = typeof CLUSTER.operator | typeof CLUSTER.gateway;

/** Labels by which pods of a program are selected; never changed, since selectors of Deployments cannot be. */
export function selectorOf(component: Component): Readonly<Record<string, string>> {
  return { [LABELS.program]: component };
}

export function metadataOf(name: string): {
  name: string;
  namespace: string;
  labels: Readonly<Record<string, string>>;
} {
  return { name, namespace: CLUSTER.namespace, labels: PART_OF };
}
