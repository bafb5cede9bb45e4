import { type MCPServer, type Source, declaredSource, taggedImage } from '@mcp-runtime/api';
import { deployment } from './deployment.ts';
import { disruptionBudget } from './disruption-budget.ts';
import { gatewaySecretsRole } from './gateway-secrets.ts';
import { mtlsObjects } from './mtls.ts';
import { networkPolicy } from './network-policy.ts';
import { type DesiredObject, sorted } from './object.ts';
import { isMtls, placementOf } from './placement.ts';
import { type Track, workloadAccount } from './pod.ts';
import { PlanRefusal } from './refusal.ts';
import { routeObjects } from './route-objects.ts';
import { service } from './service.ts';
import { sidecarObjects, withGateway } from './sidecar.ts';
import { type PlanObserved, type PlanSettings } from './settings.ts';
import { workloadOf } from './workload.ts';

export type Plan =
  /** Everything that should be there for a server, by kind, namespace and name. What else of it is there should not be. */
  | { readonly kind: 'objects'; readonly objects: readonly DesiredObject[] }
  /** Nothing should change until the server or the settings do. */
  | { readonly kind: 'refused'; readonly reason: PlanRefusal };

/** Pure: what a server needs in a cluster, as configurations for server-side apply. */
export function planObjects(server: MCPServer, settings: PlanSettings, observed: PlanObserved): Plan {
  try {
    return { kind: 'objects', objects: sorted(objectsOf(server, settings, observed)) };
  } catch (error) {
    if (error instanceof PlanRefusal) return { kind: 'refused', reason: error };
    throw error;
  }
}

function objectsOf(server: MCPServer, settings: PlanSettings, observed: PlanObserved): readonly DesiredObject[] {
  const placement = placementOf(server, settings);
  const tracks = tracksOf(server).flatMap(({ track, source, replicas }) => {
    const alone = workloadOf(server, source, settings);
    if (alone === undefined) return [];
    const workload = placement === 'shared' ? alone : withGateway(server, alone, settings, observed);
    return [deployment(server, { track, replicas, workload }, settings, observed), service(server, track, placement)];
  });
  const routes = isMtls(server) ? mtlsObjects(server, settings) : routeObjects(server, settings);
  const gateway = placement === 'shared' ? gatewaySecretsRole(server, settings) : sidecarObjects(server, observed);
  if (tracks.length === 0) return [...routes, ...gateway];
  return [
    ...tracks,
    ...routes,
    ...gateway,
    ...(placement === 'shared' ? [workloadAccount(server)] : []),
    networkPolicy(server, settings, observed),
    ...(server.spec.replicas > 1 ? [disruptionBudget(server)] : []),
  ];
}

interface TrackPlan {
  readonly track: Track;
  readonly source: Source;
  readonly replicas: number;
}

/** The version of the server, and beside it one on trial where the rollout is a canary. */
function tracksOf({ spec }: MCPServer): readonly TrackPlan[] {
  const source = declaredSource(spec);
  const { replicas, rollout } = spec;
  if (rollout?.strategy !== 'Canary') return [{ track: 'stable', source, replicas }];
  const canaries = Math.min(rollout.canaryReplicas ?? 0, replicas);
  return [
    { track: 'stable', source, replicas: replicas - canaries },
    { track: 'canary', source: canarySource(spec, source), replicas: canaries },
  ];
}

function canarySource({ rollout, imageTag }: MCPServer['spec'], stable: Source): Source {
  const canary = rollout?.canary;
  if (canary?.source !== undefined) return canary.source;
  return canary?.image === undefined ? stable : { image: taggedImage(canary.image, imageTag) };
}
