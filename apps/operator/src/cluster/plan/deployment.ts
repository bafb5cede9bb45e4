import { ANNOTATIONS, LABELS, type MCPServer } from '@mcp-runtime/api';
import { type DesiredObject, type Fields, ownedMetadata } from './object.ts';
import { type PodTemplate, type Track, podTemplate, selectorOf } from './pod.ts';
import { refuse } from './refusal.ts';
import { type PlanObserved, type PlanSettings } from './settings.ts';
import { type Workload } from './workload.ts';

const KEPT_REVISIONS = 5;
/** A rollout that stands still for this long has failed: an image that is not there, a server that does not start. */
const PROGRESS_SECONDS = 600;

interface Placed {
  readonly track: Track;
  readonly replicas: number;
  readonly workload: Workload;
  /** Names the version, where one is on trial. */
  readonly hash?: string;
}

export function deployment(
  server: MCPServer,
  { track, replicas, workload, hash }: Placed,
  settings: PlanSettings,
  observed: PlanObserved,
): DesiredObject {
  const metadata = ownedMetadata(server, track === 'canary' ? '-canary' : '');
  const scaledByUs = !observed.autoscaled.has(metadata.name);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, [LABELS.rolloutTrack]: track },
      ...(hash === undefined ? {} : { annotations: { [ANNOTATIONS.version]: hash } }),
    },
    spec: {
      ...(scaledByUs ? { replicas: observed.activity === 'asleep' ? 0 : replicas } : {}),
      revisionHistoryLimit: KEPT_REVISIONS,
      progressDeadlineSeconds: PROGRESS_SECONDS,
      selector: { matchLabels: selectorOf(server, track) },
      strategy: strategyOf(server),
      template: templateOf(podTemplate(server, track, workload, settings), track, hash),
    },
  };
}

/**
 * Pods of a canary say which version they are. Those of the version in use do not: they would be started anew when a trial
 * begins or ends.
 */
function templateOf(template: PodTemplate, track: Track, hash: string | undefined): Fields {
  if (track === 'stable' || hash === undefined) return template;
  return { ...template, metadata: { ...template.metadata, annotations: { [ANNOTATIONS.version]: hash } } };
}

function strategyOf({ spec }: MCPServer): Fields {
  if (spec.rollout?.strategy === 'Recreate') return { type: 'Recreate' };
  const rollingUpdate = {
    maxSurge: countOf(spec.rollout?.maxSurge ?? '25%'),
    maxUnavailable: countOf(spec.rollout?.maxUnavailable ?? '25%'),
  };
  if (Object.values(rollingUpdate).some((count) => !/^0%?$/.test(String(count))))
    return { type: 'RollingUpdate', rollingUpdate };
  return refuse(
    'invalid_resource',
    'spec.rollout: `maxSurge` and `maxUnavailable` are both 0, so that no pod could be replaced',
    'raise one of them, or use strategy `Recreate`',
  );
}

/** Kubernetes takes text for percentages alone. */
function countOf(count: number | string): number | string {
  return typeof count === 'string' && !count.endsWith('%') ? Number(count) : count;
}
