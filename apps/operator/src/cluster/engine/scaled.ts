import { FIELD_MANAGERS } from '@mcp-runtime/api';
import { isRecord } from '@mcp-runtime/base';
import { DEPLOYMENTS, type KubeObject } from '@mcp-runtime/kube';
import { type Desired } from './apply.ts';
import { ownsAll } from './ownership.ts';

/**
 * Hands the replicas of a Deployment over to an autoscaler. The plan has none then, and a field that only we own would fall
 * back to its default when we let go of it: it stays ours, as it is, until somebody else has set it.
 */
export function withReplicasUntilTaken(desired: Desired, observed: KubeObject | undefined): Desired {
  const { spec } = desired;
  if (desired.kind !== DEPLOYMENTS.kind || !isRecord(spec) || spec['replicas'] !== undefined) return desired;
  const live = isRecord(observed?.spec) ? observed.spec['replicas'] : undefined;
  if (live === undefined || !isOurs(observed)) return desired;
  return { ...desired, spec: { ...spec, replicas: live } };
}

function isOurs(observed: KubeObject | undefined): boolean {
  return ownsAll({ spec: { replicas: 1 } }, observed?.metadata.managedFields, FIELD_MANAGERS.operator);
}
