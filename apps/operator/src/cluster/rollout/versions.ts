import { type MCPServer, type Source, declaredSource } from '@mcp-runtime/api';
import { type Trial, recordOf, trialOf } from './trial.ts';

/** How one version of a server is run, and what of the calls it gets. */
export interface Version {
  readonly track: 'stable' | 'canary';
  /** The server as it would be if this were its only version. */
  readonly server: MCPServer;
  readonly source: Source;
  readonly replicas: number;
  /** Share of new sessions and of calls without one, in per cent. */
  readonly weight: number;
  /** Of a trial: names the version. */
  readonly hash?: string;
}

/** Whether a version may be on trial: not where another server has the name of its Deployment. */
export type CanaryName = 'free' | 'taken';

/** Pure: the versions of a server as its spec and the record of its trial say, the one in use first. */
export function versionsOf(server: MCPServer, canaryName: CanaryName): readonly Version[] {
  const { replicas, rollout } = server.spec;
  const alone: Version = { ...asIs(server), track: 'stable', replicas, weight: 100 };
  if (rollout?.strategy !== 'Canary') return [alone];
  const trial = trialOf(server);
  const record = trial === undefined ? undefined : recordOf(server, trial);
  if (trial !== undefined && record?.phase === 'Promoted') {
    const promoted: Version = { ...asTried(server, trial), track: 'stable', replicas, weight: 100 };
    return canaryName === 'taken' ? [promoted] : [promoted, { ...promoted, track: 'canary', replicas: 0, weight: 0 }];
  }
  if (canaryName === 'taken') return [alone];
  const canary = trial === undefined ? asIs(server) : asTried(server, trial);
  const stable: Version = { ...alone, ...(trial === undefined ? {} : { hash: trial.stableHash }) };
  if (record?.phase === 'RolledBack') return [stable, { ...canary, track: 'canary', replicas: 0, weight: 0 }];
  const canaries = canariesOf(server);
  const weight = weightOf(server);
  return [
    { ...stable, replicas: replicas - canaries, weight: 100 - weight },
    { ...canary, track: 'canary', replicas: canaries, weight },
  ];
}

/** Whether the version that was on trial is the one in use now. */
export function isPromoted(server: MCPServer): boolean {
  const trial = trialOf(server);
  return trial !== undefined && recordOf(server, trial)?.phase === 'Promoted';
}

/** Replicas of a canary while it is tried. */
export function canariesOf({ spec }: MCPServer): number {
  return Math.min(spec.rollout?.canaryReplicas ?? 0, spec.replicas);
}

/** In per cent: what is declared, or the canary's share of the replicas. */
function weightOf({ spec }: MCPServer): number {
  const declared = spec.rollout?.canary?.weight;
  if (declared !== undefined) return declared;
  return Math.round((100 * (spec.rollout?.canaryReplicas ?? 0)) / Math.max(1, spec.replicas));
}

function asIs(server: MCPServer): Pick<Version, 'server' | 'source'> {
  return { server, source: declaredSource(server.spec) };
}

function asTried(server: MCPServer, { source, hash, rules }: Trial): Pick<Version, 'server' | 'source' | 'hash'> {
  const { image: _, imageTag: __, source: ___, ...spec } = server.spec;
  const version = rules.source === undefined ? { image: source.image } : { source };
  return { server: { ...server, spec: { ...spec, ...version } }, source, hash };
}
