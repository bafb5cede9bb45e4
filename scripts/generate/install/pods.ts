import { CLUSTER } from '@mcp-runtime/api';
import { type Component, PART_OF, SETTINGS, selectorOf } from './settings.ts';
import { type Manifest, type Node, type Setting } from './setting.ts';

/** Deployments that Pod Security level `restricted` admits (Kubernetes documentation, "Pod Security Standards"). */

export interface Program {
  readonly name: Component;
  readonly replicas: Setting;
  readonly resources: Setting;
  readonly args: readonly (string | Setting)[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  /** Port, by name, of `/health` and `/ready`. */
  readonly probePort: string;
  readonly priorityClass: string;
  /** Seconds from the end of its addresses to the end of the process. */
  readonly drainSeconds: number;
  readonly volumes: readonly Volume[];
}

interface Volume {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly: 'yes' | 'no';
  readonly source: { readonly [name: string]: Node };
}

/** Proxies learn within this time that a pod has gone; until then it takes requests as ever. */
const UNPUBLISH_SECONDS = 5;

const TMP: Volume = { name: 'tmp', mountPath: '/tmp', readOnly: 'no', source: { emptyDir: { sizeLimit: '64Mi' } } };

export function deploymentOf(program: Program): Manifest {
  const labels = { ...selectorOf(program.name), ...PART_OF };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: program.name, namespace: CLUSTER.namespace, labels },
    spec: {
      replicas: program.replicas,
      selector: { matchLabels: selectorOf(program.name) },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: { metadata: { labels }, spec: podOf(program) },
    },
  };
}

function podOf(program: Program): Node {
  const volumes = [TMP, ...program.volumes];
  return {
    serviceAccountName: program.name,
    automountServiceAccountToken: true,
    enableServiceLinks: false,
    priorityClassName: program.priorityClass,
    terminationGracePeriodSeconds: UNPUBLISH_SECONDS + program.drainSeconds,
    imagePullSecrets: SETTINGS.pullSecrets,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: SETTINGS.user,
      runAsGroup: SETTINGS.group,
      fsGroup: SETTINGS.fsGroup,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    topologySpreadConstraints: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
      maxSkew: 1,
      topologyKey,
      whenUnsatisfiable: topologyKey === 'kubernetes.io/hostname' ? SETTINGS.spread : 'ScheduleAnyway',
      labelSelector: { matchLabels: selectorOf(program.name) },
      matchLabelKeys: ['pod-template-hash'],
    })),
    containers: [containerOf(program, volumes)],
    volumes: volumes.map(({ name, source }) => ({ name, ...source })),
  };
}

function containerOf({ name, args, ports, probePort, resources }: Program, volumes: readonly Volume[]): Node {
  return {
    name,
    image: SETTINGS.image,
    imagePullPolicy: SETTINGS.pullPolicy,
    args: [...args],
    env: [
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
    ],
    ports: [...ports],
    startupProbe: probe('/health', probePort, { periodSeconds: 1, failureThreshold: 60 }),
    livenessProbe: probe('/health', probePort, { periodSeconds: 10, failureThreshold: 3 }),
    readinessProbe: probe('/ready', probePort, { periodSeconds: 2, failureThreshold: 2 }),
    lifecycle: { preStop: { sleep: { seconds: UNPUBLISH_SECONDS } } },
    resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: volumes.map((volume) => ({
      name: volume.name,
      mountPath: volume.mountPath,
      ...(volume.readOnly === 'yes' ? { readOnly: true } : {}),
    })),
  };
}

function probe(path: string, port: string, timing: Readonly<Record<string, number>>): Node {
  return { httpGet: { path, port }, timeoutSeconds: 3, ...timing };
}
