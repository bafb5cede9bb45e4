import { CLUSTER } from '@mcp-runtime/api';
import { type Component, PART_OF, SETTINGS, selectorOf } from './settings.ts';
import { type Manifest, type Node, type Setting } from './setting.ts';

/** Pods that Pod Security level `restricted` admits (Kubernetes documentation, "Pod Security Standards"), and what keeps them. */

export interface Program {
  readonly name: Component;
  readonly replicas: Setting;
  readonly resources: Setting;
  readonly args: readonly (string | Setting)[];
  /** Fields of its pod that it is told of, by the name of the variable (Kubernetes docs, "Downward API"). */
  readonly podFields: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  /** Port, by name, of `/health` and `/ready`. */
  readonly probePort: string;
  /** Annotations of its pods. */
  readonly annotations?: { readonly [name: string]: Node };
  readonly priorityClass: string;
  /** Seconds from the end of its addresses to the end of the process. */
  readonly drainSeconds: number;
  readonly volumes: readonly Volume[];
}

export interface Volume {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly: 'yes' | 'no';
  readonly source: { readonly [name: string]: Node };
}

/** A volume that outlives the pods of a replica. */
interface Claim extends Omit<Volume, 'source' | 'readOnly'> {
  readonly size: Setting;
  readonly storageClass: Setting;
}

/** Proxies learn within this time that a pod has gone; until then it takes requests as ever. */
const UNPUBLISH_SECONDS = 5;

const TMP: Volume = { name: 'tmp', mountPath: '/tmp', readOnly: 'no', source: { emptyDir: { sizeLimit: '64Mi' } } };

export function deploymentOf(program: Program): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: program.name, namespace: CLUSTER.namespace, labels: labelsOf(program) },
    spec: {
      replicas: program.replicas,
      selector: { matchLabels: selectorOf(program.name) },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: podOf(program, program.volumes, 'pod-template-hash'),
    },
  };
}

interface Keeping {
  /** Headless Service of the pods. */
  readonly serviceName: string;
  readonly claim: Claim;
}

/**
 * Replicas with names and a volume that stay. One goes before its successor comes, since both would have the same volume; a
 * revision whose pods do not come up is given up by applying another, as pods are made in `Parallel`.
 */
export function statefulSetOf(program: Program, { serviceName, claim }: Keeping): Manifest {
  const { name, mountPath, size, storageClass } = claim;
  const mounted: Volume = { name, mountPath, readOnly: 'no', source: {} };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: program.name, namespace: CLUSTER.namespace, labels: labelsOf(program) },
    spec: {
      replicas: program.replicas,
      serviceName,
      selector: { matchLabels: selectorOf(program.name) },
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'RollingUpdate' },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      template: podOf(program, [...program.volumes, mounted], 'controller-revision-hash'),
      volumeClaimTemplates: [
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name },
          spec: {
            accessModes: ['ReadWriteOnce'],
            storageClassName: storageClass,
            resources: { requests: { storage: size } },
          },
        },
      ],
    },
  };
}

function labelsOf({ name }: Program): Readonly<Record<string, string>> {
  return { ...selectorOf(name), ...PART_OF };
}

/** `revisionLabel` is by what the pods of one revision are known, so that they are spread by themselves. */
function podOf(program: Program, ownVolumes: readonly Volume[], revisionLabel: string): Node {
  const volumes = [TMP, ...ownVolumes];
  const spec = {
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
      matchLabelKeys: [revisionLabel],
    })),
    containers: [containerOf(program, volumes)],
    // A claim is mounted by the name of its template.
    volumes: volumes
      .filter(({ source }) => Object.keys(source).length > 0)
      .map(({ name, source }) => ({ name, ...source })),
  };
  return { metadata: { labels: labelsOf(program), annotations: program.annotations }, spec };
}

function containerOf(
  { name, args, podFields, ports, probePort, resources }: Program,
  volumes: readonly Volume[],
): Node {
  return {
    name,
    image: SETTINGS.image,
    imagePullPolicy: SETTINGS.pullPolicy,
    args: [...args],
    env: Object.entries(podFields).map(([variable, fieldPath]) => ({
      name: variable,
      valueFrom: { fieldRef: { fieldPath } },
    })),
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
