import { CLUSTER, LABELS, MANAGED_BY, type MCPServer, keyOf } from '@mcp-runtime/api';
import { fullNameAnnotations } from '@mcp-runtime/delivery';
import { pullSecretsOf } from './image.ts';
import { APP_LABEL, type DesiredObject, type Fields, serverLabels } from './object.ts';
import { type PlanSettings } from './settings.ts';
import { type Workload } from './workload.ts';

export type Track = 'stable' | 'canary';

/** Longer than a drain, and calls in progress after it. */
const GRACE_SECONDS = 35;

/** What tells the pods of a track from all others of a namespace. It never changes: selectors of Deployments cannot. */
export function selectorOf(server: MCPServer, track: Track): Readonly<Record<string, string>> {
  return { [APP_LABEL]: serverLabels(server)[APP_LABEL] ?? '', [LABELS.rolloutTrack]: track };
}

export interface PodTemplate extends Fields {
  readonly metadata: Fields;
}

export function podTemplate(server: MCPServer, track: Track, workload: Workload, settings: PlanSettings): PodTemplate {
  const { account = CLUSTER.workloadAccount, containers, initContainers, volumes } = workload;
  const { runAsUser } = settings.workloads;
  const annotations = fullNameAnnotations(keyOf(server));
  const pullSecrets = pullSecretsOf(server.spec.imagePullSecrets, settings);
  return {
    metadata: {
      labels: { ...serverLabels(server), ...selectorOf(server, track) },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: {
      serviceAccountName: account,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: GRACE_SECONDS,
      securityContext: {
        runAsNonRoot: true,
        ...(runAsUser === null ? {} : { runAsUser, runAsGroup: runAsUser, fsGroup: runAsUser }),
        seccompProfile: { type: 'RuntimeDefault' },
      },
      ...(pullSecrets.length === 0 ? {} : { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
      ...(initContainers.length === 0 ? {} : { initContainers }),
      containers,
      volumes,
      ...spread(server, track),
    },
  };
}

/** Replicas of a track lie on different nodes and in different zones where there is room. */
function spread(server: MCPServer, track: Track): Fields {
  if (server.spec.replicas <= 1) return {};
  const constraint = (topologyKey: string): Fields => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: selectorOf(server, track) },
  });
  return {
    topologySpreadConstraints: [constraint('kubernetes.io/hostname'), constraint('topology.kubernetes.io/zone')],
  };
}

/** The account of all pods of servers in a namespace. It may do nothing, and belongs to no server. */
export function workloadAccount({ metadata }: MCPServer): DesiredObject {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: {
      name: CLUSTER.workloadAccount,
      namespace: metadata.namespace,
      labels: { [LABELS.managedBy]: MANAGED_BY },
    },
    automountServiceAccountToken: false,
  };
}
