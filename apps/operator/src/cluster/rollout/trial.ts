import { createHash } from 'node:crypto';
import { type MCPServer, type RolloutStatus, type Source, declaredSource, taggedImage } from '@mcp-runtime/api';

type CanarySpec = NonNullable<NonNullable<MCPServer['spec']['rollout']>['canary']>;

/** A version of a server that is tried beside the one in use. */
export interface Trial {
  readonly hash: string;
  /** Of the version in use. */
  readonly stableHash: string;
  readonly source: Source;
  readonly rules: CanarySpec;
}

const HASH_CHARACTERS = 16;

/** Undefined where nothing is on trial: another strategy, or a canary of the same version. */
export function trialOf({ spec }: MCPServer): Trial | undefined {
  const { rollout, imageTag } = spec;
  const rules = rollout?.strategy === 'Canary' ? rollout.canary : undefined;
  if (rules === undefined || (rules.image === undefined && rules.source === undefined)) return undefined;
  const source = rules.source ?? { image: taggedImage(rules.image ?? '', imageTag) };
  return { hash: hashOf(source), stableHash: hashOf(declaredSource(spec)), source, rules };
}

/**
 * What the status says of this trial, undefined when it is about another one. A version that failed stays rolled back whatever
 * becomes of the one in use; one that was promoted is tried again when the spec comes to name a third one to be in use.
 */
export function recordOf({ status }: MCPServer, { hash, stableHash }: Trial): RolloutStatus | undefined {
  const record = status?.rollout;
  if (record === undefined || record.hash !== hash) return undefined;
  if (record.phase === 'RolledBack' || record.stableHash === stableHash) return record;
  return record.phase === 'Promoted' && stableHash === hash ? record : undefined;
}

/** Names a version, whichever way it is written. */
function hashOf(source: Source): string {
  const text = JSON.stringify(source, (_, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_CHARACTERS);
}
