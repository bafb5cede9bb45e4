import { type Condition, type MCPServerStatus } from '@mcp-runtime/api';

/** What a person who looks at a server would want to know. */
export interface News {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** Pure: what a new status tells that the old one did not. */
export function newsOf(before: MCPServerStatus | undefined, after: MCPServerStatus): readonly News[] {
  return [
    ...readyNews(before, after),
    ...workloadNews(before, after),
    ...sleepNews(before, after),
    ...policyNews(before, after),
    ...toolNews(before, after),
    ...canaryNews(before, after),
    ...rolloutNews(before, after),
  ];
}

function readyNews(before: MCPServerStatus | undefined, after: MCPServerStatus): readonly News[] {
  const [old, now] = [conditionOf(before, 'Ready'), conditionOf(after, 'Ready')];
  if (now === undefined || old?.status === now.status) return [];
  if (now.status === 'True') return [{ type: 'Normal', reason: 'Ready', message: now.message }];
  if (old === undefined) return [];
  return [{ type: 'Warning', reason: 'NotReady', message: `${now.reason}: ${now.message}` }];
}

/** Reasons of a workload that is on its way are no news. */
const ON_ITS_WAY: ReadonlySet<string> = new Set(['Creating', 'Progressing', 'Stopped']);

/** Such as `ImagePullBackOff`: the reason is that of Kubernetes. */
function workloadNews(before: MCPServerStatus | undefined, after: MCPServerStatus): readonly News[] {
  const [old, now] = [conditionOf(before, 'WorkloadReady'), conditionOf(after, 'WorkloadReady')];
  if (now === undefined || now.status === 'True' || ON_ITS_WAY.has(now.reason) || old?.reason === now.reason) return [];
  return [{ type: 'Warning', reason: now.reason, message: now.message }];
}

function sleepNews(before: MCPServerStatus | undefined, after: MCPServerStatus): readonly News[] {
  const [old, now] = [conditionOf(before, 'WorkloadReady'), conditionOf(after, 'WorkloadReady')];
  if (now === undefined || old?.reason === now.reason) return [];
  if (now.reason === 'Asleep') return [{ type: 'Normal', reason: 'Asleep', message: now.message }];
  if (old?.reason === 'Asleep') return [{ type: 'Normal', reason: 'Woken', message: now.message }];
  return [];
}

function policyNews(before: MCPServerStatus | undefined, after: MCPServerStatus): readonly News[] {
  const [old, now] = [conditionOf(before, 'PolicyReady'), conditionOf(after, 'PolicyReady')];
  if (now === undefined || now.status === 'True' || now.reason === 'PolicyPending' || old?.reason === now.reason)
    return [];
  // The same conflict stops the workload too, and is told there.
  if (now.reason === 'PathInUse' || now.reason === 'NameInUse') return [];
  return [{ type: 'Warning', reason: 'PolicyRefused', message: `${now.reason}: ${now.message}` }];
}

/** Between the tools that are declared and those that the running server offers. */
function toolNews(before: MCPServerStatus | undefined, after: MCPServerStatus): readonly News[] {
  const missing = after.missingTools ?? [];
  if (missing.length === 0 || JSON.stringify(before?.missingTools ?? []) === JSON.stringify(missing)) return [];
  const names = missing.slice(0, 10).map((name) => `\`${name}\``);
  const more = missing.length > names.length ? ` and ${missing.length - names.length} more` : '';
  return [{ type: 'Warning', reason: 'Drift', message: `declared, but not offered: ${names.join(', ')}${more}` }];
}

function canaryNews(before: MCPServerStatus | undefined, after: MCPServerStatus): readonly News[] {
  const [old, now] = [conditionOf(before, 'CanaryReady'), conditionOf(after, 'CanaryReady')];
  if (now?.reason !== 'NameInUse' || old?.reason === now.reason) return [];
  return [{ type: 'Warning', reason: 'CanaryRefused', message: `${now.reason}: ${now.message}` }];
}

function rolloutNews(before: MCPServerStatus | undefined, { rollout }: MCPServerStatus): readonly News[] {
  const old = before?.rollout;
  if (rollout === undefined || rollout.phase === 'Progressing') return [];
  if (old?.hash === rollout.hash && old.phase === rollout.phase && old.reason === rollout.reason) return [];
  const message = `${rollout.source}: ${rollout.reason}: ${rollout.message}`;
  return [{ type: rollout.phase === 'Promoted' ? 'Normal' : 'Warning', reason: rollout.phase, message }];
}

function conditionOf(status: MCPServerStatus | undefined, wanted: string): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === wanted);
}
