import { type JsonMap } from './setting.ts';

export interface Overlay {
  readonly about: string;
  /** By the path of a setting. */
  readonly values: JsonMap;
}

const PORTS = (...ports: readonly number[]): readonly { readonly [name: string]: string | number }[] =>
  ports.map((port) => ({ port, protocol: 'TCP' }));

/** Sizes, modes and platforms. An installation takes one, and may set the same values in a kustomization of its own. */
export const OVERLAYS: Readonly<Record<string, Overlay>> = {
  dev: {
    about:
      'One of each and small, for a cluster on a laptop, where API servers listen on ports of their own. Audit records go with their pod.',
    values: {
      'gateway.replicas': 1,
      'operator.resources': { requests: { cpu: '20m', memory: '128Mi' }, limits: { memory: '512Mi' } },
      'gateway.resources': { requests: { cpu: '20m', memory: '128Mi' }, limits: { memory: '512Mi' } },
      'gateway.auditSpool': '256Mi',
      'gateway.auditMaxBytes': 192 * 1024 ** 2,
      'network.apiServerPorts': PORTS(443, 6443, 8443, 16443),
    },
  },
  ha: {
    about:
      'Survives the loss of a node: a second operator waits to take over, gateways are on nodes of their own, and audit records in claims that outlive them.',
    values: {
      'operator.replicas': 2,
      'gateway.replicas': 3,
      'gateway.auditVolume': 'claim',
      spread: 'DoNotSchedule',
    },
  },
  tenant: {
    about: 'For teams, each with namespaces of its own (the default).',
    values: { mode: 'tenant' },
  },
  org: {
    about: 'For an organization: one more namespace, whose servers all of its people may see.',
    values: { mode: 'org' },
  },
  public: {
    about: 'For everybody: one more namespace, whose servers are meant for the public.',
    values: { mode: 'public' },
  },
  openshift: {
    about: 'OpenShift: it assigns users to processes, and its DNS listens on a port of its own.',
    values: {
      'security.runAsUser': null,
      'security.runAsGroup': null,
      'security.fsGroup': null,
      'network.dnsPorts': ['UDP', 'TCP'].flatMap((protocol) => [53, 5353].map((port) => ({ port, protocol }))),
      settings: { ingress: { kind: 'ingress', class: 'openshift-default' }, workloads: { runAsUser: null } },
    },
  },
};
