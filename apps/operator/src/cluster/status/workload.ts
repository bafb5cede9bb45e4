import { type KubeObject } from '@mcp-runtime/kube';
import { z } from 'zod';
import { type Verdict, no, yes } from '../../conditions.ts';
import { troubleOf } from './pod-trouble.ts';

const DeploymentSpec = z.object({ replicas: z.int().default(1) });
const DeploymentStatus = z.object({
  observedGeneration: z.int().default(0),
  replicas: z.int().default(0),
  updatedReplicas: z.int().default(0),
  availableReplicas: z.int().default(0),
  conditions: z
    .array(
      z.object({ type: z.string(), status: z.string(), reason: z.string().optional(), message: z.string().optional() }),
    )
    .default([]),
});

type DeploymentStatus = z.infer<typeof DeploymentStatus>;

/** Whether the pods of a Deployment run as they should; the reason is that of Kubernetes where there is one. */
export function workloadVerdict(deployment: KubeObject | undefined, pods: readonly KubeObject[]): Verdict {
  if (deployment === undefined) return no('Creating', 'the Deployment is not there yet');
  const { replicas: wanted } = DeploymentSpec.parse(deployment.spec ?? {});
  if (wanted === 0) return no('Stopped', 'the server does not run: it is scaled to none');
  const { data: status } = DeploymentStatus.safeParse(deployment.status ?? {});
  if (status === undefined || status.observedGeneration < (deployment.metadata.generation ?? 1))
    return no('Progressing', 'the Deployment was changed, and that was not looked at yet');
  const { availableReplicas, updatedReplicas } = status;
  const count = `${availableReplicas} of ${wanted} replicas are available`;
  const isRolledOut = status.replicas <= updatedReplicas && updatedReplicas > 0;
  if (isRolledOut && conditionOf(status, 'Available')?.status === 'True') return yes('Available', count);
  return whyNot(status, pods, isRolledOut ? count : `${count}, ${updatedReplicas} of the new version`);
}

function whyNot(status: DeploymentStatus, pods: readonly KubeObject[], count: string): Verdict {
  const refused = conditionOf(status, 'ReplicaFailure');
  if (refused?.status === 'True') {
    const message = refused.message ?? 'pods cannot be made';
    return no(message.includes('exceeded quota') ? 'QuotaExceeded' : (refused.reason ?? 'ReplicaFailure'), message);
  }
  // Of the newest pods first: an older version may run well while the new one does not.
  const newestFirst = pods.toSorted((a, b) => ageOf(b) - ageOf(a));
  const trouble = newestFirst.map(troubleOf).find((found) => found !== undefined);
  if (trouble !== undefined) return no(trouble.reason, `${count}; ${trouble.message}`);
  const progress = conditionOf(status, 'Progressing');
  if (progress?.reason === 'ProgressDeadlineExceeded')
    return no(progress.reason, `${count}; ${progress.message ?? ''}`);
  return no('Progressing', count);
}

function ageOf({ metadata }: KubeObject): number {
  return Date.parse(metadata.creationTimestamp ?? '') || 0;
}

function conditionOf(
  { conditions }: DeploymentStatus,
  wanted: string,
): DeploymentStatus['conditions'][number] | undefined {
  return conditions.find(({ type }) => type === wanted);
}
