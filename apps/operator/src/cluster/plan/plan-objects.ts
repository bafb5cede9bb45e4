import { type MCPServer } from '@mcp-runtime/api';
import { type Version, canariesOf, isPromoted, versionsOf } from '../rollout/versions.ts';
import { deployment } from './deployment.ts';
import { disruptionBudget } from './disruption-budget.ts';
import { gatewaySecretsRole } from './gateway-secrets.ts';
import { mtlsObjects } from './mtls.ts';
import { networkPolicy } from './network-policy.ts';
import { type DesiredObject, sorted } from './object.ts';
import { isMtls, placementOf } from './placement.ts';
import { workloadAccount } from './pod.ts';
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
  const tracks = tracksOf(server, observed.canary).flatMap(({ track, source, replicas, hash, server: version }) => {
    const alone = workloadOf(version, source, settings);
    if (alone === undefined) return [];
    const workload = placement === 'shared' ? alone : withGateway(version, alone, settings, observed);
    const placed = { track, replicas, workload, ...(hash === undefined ? {} : { hash }) };
    return [deployment(server, placed, settings, observed), service(server, track, placement)];
  });
  const routes = isMtls(server) ? mtlsObjects(server, settings, observed) : routeObjects(server, settings);
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

/** The version of the server, and beside it one on trial where the rollout is a canary. */
function tracksOf(server: MCPServer, canary: PlanObserved['canary']): readonly Version[] {
  const versions = versionsOf(server, canary === 'taken' ? 'taken' : 'free');
  if (!isPromoted(server)) return versions;
  // One that was promoted runs on beside the one in use until that has come to the same version, and is gone then.
  return versions.flatMap((version) => {
    if (version.track === 'stable') return [version];
    return canary === 'lingers' ? [{ ...version, replicas: canariesOf(server) }] : [];
  });
}
