import { LABELS, type MCPServer, keyOf } from '@mcp-runtime/api';
import { type KubeObject } from '@mcp-runtime/kube';
import { type PlanObserved } from '../plan/settings.ts';
import { hasComeTo } from '../rollout/health.ts';
import { trialOf } from '../rollout/trial.ts';
import { isPromoted } from '../rollout/versions.ts';
import { type World } from './world.ts';

/** What the plan has to know of the canary of a server. */
export function canaryStateOf(server: MCPServer, world: Pick<World, 'names' | 'owned'>): PlanObserved['canary'] {
  if (world.names.canaryName(server) === 'taken') return 'taken';
  const trial = trialOf(server);
  if (trial === undefined || !isPromoted(server)) return undefined;
  const deployments = world.owned.of(keyOf(server)).filter(({ kind }) => kind === 'Deployment');
  const on = (track: string): KubeObject | undefined =>
    deployments.find(({ metadata }) => metadata.labels?.[LABELS.rolloutTrack] === track);
  // Once it is gone it does not come back.
  return on('canary') === undefined || hasComeTo(on('stable'), trial.hash) ? undefined : 'lingers';
}
