// The pods of the installed programs, and how they come to an end.
import { readFile, readdir } from 'node:fs/promises';
import { CLUSTER, LABELS } from '../../../packages/api/src/index.ts';
import { kubectl } from '../../support/kubectl.ts';
import { until, untilTrue } from '../../support/until.ts';

export const IN_NAMESPACE = ['--namespace', CLUSTER.namespace] as const;

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly { readonly containerID?: string }[];
  };
}

/** A pod of a program, and the process in it. */
export interface ProgramPod {
  readonly name: string;
  readonly uid: string;
  readonly image: string | undefined;
  /** Another one after each restart. */
  readonly container: string | undefined;
  readonly isReady: boolean;
}

/** Those that are there to stay, by name. */
export async function podsOf(program: string): Promise<readonly ProgramPod[]> {
  return (await allPodsOf(program))
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, spec, status }) => ({
      name: metadata.name,
      uid: metadata.uid,
      image: spec.containers[0]?.image,
      container: status.containerStatuses?.[0]?.containerID,
      isReady: status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Waits until those that were told to go have gone. */
export async function allGone(program: string): Promise<void> {
  await untilTrue(`pods of ${program} that were replaced have gone`, async () =>
    (await allPodsOf(program)).every(({ metadata }) => metadata.deletionTimestamp === undefined),
  );
}

async function allPodsOf(program: string): Promise<readonly Pod[]> {
  const get = [...IN_NAMESPACE, 'get', 'pods', `--selector=${LABELS.program}=${program}`, '--output=json'];
  const { items }: { items: readonly Pod[] } = JSON.parse(await kubectl(get));
  return items;
}

/** Waits until `count` pods of a program are ready, none of them with the process of `gone`. */
export async function recovered(program: string, count: number, gone: ProgramPod): Promise<void> {
  await until(`${count} of ${program} are ready again`, async () => {
    const ready = (await podsOf(program)).filter(({ isReady, container }) => isReady && container !== gone.container);
    return ready.length === count ? ready : undefined;
  });
}

export async function deleteByForce({ name }: ProgramPod): Promise<void> {
  await kubectl([...IN_NAMESPACE, 'delete', 'pod', name, '--force', '--grace-period=0']);
}

/** SIGKILL to what runs in a pod of this machine: no hook, no time to write anything. */
export async function killProcesses(pod: ProgramPod): Promise<void> {
  await signalProcesses(pod, 'SIGKILL');
}

export async function signalProcesses(pod: ProgramPod, signal: NodeJS.Signals): Promise<void> {
  for (const { pid } of await processesOf(pod)) process.kill(pid, signal);
}

/** What of ours runs in a pod of this machine: process ids and command lines. */
export async function processesOf({
  uid,
  name,
}: ProgramPod): Promise<readonly { readonly pid: number; readonly words: readonly string[] }[]> {
  const marks = [uid, uid.replaceAll('-', '_')];
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const own: { pid: number; words: readonly string[] }[] = [];
  for (const pid of pids) {
    const cgroup = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes('mcp-runtime') && marks.some((mark) => cgroup.includes(mark)))
      own.push({ pid: Number(pid), words: command.split('\0') });
  }
  if (own.length === 0) throw new Error(`no process of pod ${name} was found`);
  return own;
}
