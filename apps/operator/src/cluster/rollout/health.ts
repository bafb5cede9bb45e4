import { ANNOTATIONS } from '@mcp-runtime/api';
import { type KubeObject } from '@mcp-runtime/kube';
import { restartsOf, troubleOf } from '../status/pod-trouble.ts';
import { workloadVerdict } from '../status/workload.ts';
import { type Health } from './judge.ts';

/** So often a canary may end by itself. */
const MAX_RESTARTS = 3;

/** Pure: how the pods of a version on trial are. Those of the version that was tried before say nothing about it. */
export function healthOf(deployment: KubeObject | undefined, pods: readonly KubeObject[], hash: string): Health {
  if (versionOf(deployment) !== hash) return { state: 'starting', message: 'the canary is made' };
  const own = pods.filter((pod) => versionOf(pod) === hash);
  const trouble = own.map(troubleOf).find((found) => found?.reason === 'CrashLoopBackOff');
  if (trouble !== undefined) return { state: 'failing', message: `${trouble.reason}: ${trouble.message}` };
  const restarts = own.reduce((sum, pod) => sum + restartsOf(pod), 0);
  if (restarts >= MAX_RESTARTS) return { state: 'failing', message: `it was started again ${restarts} times` };
  const { status, reason, message } = workloadVerdict(deployment, own);
  if (status === 'True') return { state: 'ready', message };
  return { state: reason === 'ProgressDeadlineExceeded' ? 'failing' : 'starting', message: `${reason}: ${message}` };
}

/** Whether a Deployment has come to a version: all of its pods run that. */
export function hasComeTo(deployment: KubeObject | undefined, hash: string): boolean {
  return versionOf(deployment) === hash && workloadVerdict(deployment, []).status === 'True';
}

function versionOf(object: KubeObject | undefined): string | undefined {
  return object?.metadata.annotations?.[ANNOTATIONS.version];
}
