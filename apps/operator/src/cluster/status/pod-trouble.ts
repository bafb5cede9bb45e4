import { type KubeObject } from '@mcp-runtime/kube';
import { z } from 'zod';
import { type Blocked } from '../../conditions.ts';

const Terminated = z.object({
  exitCode: z.int().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
});
const ContainerStatus = z.object({
  name: z.string(),
  restartCount: z.int().default(0),
  state: z
    .object({
      waiting: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
      terminated: Terminated.optional(),
    })
    .default({}),
  lastState: z.object({ terminated: Terminated.optional() }).default({}),
});
const PodStatus = z.object({
  phase: z.string().optional(),
  conditions: z
    .array(
      z.object({ type: z.string(), status: z.string(), reason: z.string().optional(), message: z.string().optional() }),
    )
    .default([]),
  initContainerStatuses: z.array(ContainerStatus).default([]),
  containerStatuses: z.array(ContainerStatus).default([]),
});

type ContainerStatus = z.infer<typeof ContainerStatus>;
type PodStatus = z.infer<typeof PodStatus>;

/** Reasons of a waiting container that only say that it is on its way. */
const ON_ITS_WAY: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing']);

/** Why a pod does not run as it should, in the words of Kubernetes; undefined when nothing is wrong with it. */
export function troubleOf(pod: KubeObject): Blocked | undefined {
  const status = statusOf(pod);
  if (status === undefined) return undefined;
  const unscheduled = status.conditions.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  if (unscheduled !== undefined)
    return { reason: unscheduled.reason ?? 'Unschedulable', message: unscheduled.message ?? 'no node takes the pod' };
  for (const container of containersOf(status)) {
    const trouble = containerTrouble(container);
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

function containerTrouble({ name, state, lastState }: ContainerStatus): Blocked | undefined {
  const { waiting, terminated } = state;
  const ended = terminated ?? lastState.terminated;
  if (waiting?.reason !== undefined && !ON_ITS_WAY.has(waiting.reason)) {
    const told = ended === undefined ? waiting.message : endOf(ended);
    return { reason: waiting.reason, message: `container \`${name}\`: ${told ?? waiting.reason}` };
  }
  if (terminated === undefined || terminated.exitCode === 0) return undefined;
  return { reason: terminated.reason ?? 'Error', message: `container \`${name}\`: ${endOf(terminated)}` };
}

/** `exit code 1 (OOMKilled): what it said last`. */
function endOf({ exitCode, reason, message }: z.infer<typeof Terminated>): string {
  const why = reason === undefined || reason === 'Error' ? '' : ` (${reason})`;
  const said = message === undefined || message.trim() === '' ? '' : `: ${lastLines(message)}`;
  return `exit code ${exitCode ?? '?'}${why}${said}`;
}

const LAST_CHARACTERS = 400;

function lastLines(text: string): string {
  return text
    .trim()
    .slice(-LAST_CHARACTERS)
    .replaceAll(/\s*\n\s*/g, ' | ');
}

/** How often the containers of a pod were started again. */
export function restartsOf(pod: KubeObject): number {
  const status = statusOf(pod);
  return status === undefined ? 0 : containersOf(status).reduce((sum, { restartCount }) => sum + restartCount, 0);
}

export function isReadyPod(pod: KubeObject): boolean {
  return statusOf(pod)?.conditions.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

function containersOf({ initContainerStatuses, containerStatuses }: PodStatus): readonly ContainerStatus[] {
  return [...initContainerStatuses, ...containerStatuses];
}

function statusOf({ status }: KubeObject): PodStatus | undefined {
  return PodStatus.safeParse(status).data;
}
