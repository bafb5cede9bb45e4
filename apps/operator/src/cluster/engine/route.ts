import {
  type GatewayPlacement,
  type GatewayRoute,
  type MCPServer,
  declaredSource,
  keyOf,
  resolveServer,
} from '@mcp-runtime/api';
import { workloadName } from '../plan/names.ts';
import { placementOf } from '../plan/placement.ts';
import { publicHostOf } from '../plan/route-objects.ts';
import { type CanaryName, versionsOf } from '../rollout/versions.ts';
import { type OperatorSettings } from '../settings.ts';

const MAX_HOST = 253;

/** How gateways serve a server: what `route.json` says. */
export function routeOf(
  server: MCPServer,
  settings: Pick<OperatorSettings, 'gateway' | 'ingress'>,
  canaryName: CanaryName,
): GatewayRoute {
  const { publicPath, audit, eventSource } = resolveServer(server);
  const upstream = upstreamOf(server, placementOf(server, settings), canaryName);
  const host = publicHostOf(server, settings);
  return {
    schema_version: 'v1',
    server: keyOf(server),
    path: publicPath,
    ...(isHostName(host) ? { hosts: [host.toLowerCase()] } : {}),
    ...(upstream === undefined ? {} : { upstream }),
    ...(upstream !== undefined && 'pod' in upstream ? { peers: servicesOf(server, canaryName) } : {}),
    audit: { arguments: audit.arguments, strict: audit.strict },
    event_source: eventSource,
  };
}

/** What is none would make the whole route invalid; the Ingress is refused, and says so. */
function isHostName(host: string | undefined): host is string {
  return host !== undefined && host.length <= MAX_HOST;
}

function servicesOf(server: MCPServer, canaryName: CanaryName): string[] {
  return versionsOf(server, canaryName).map(({ track }) => serviceOf(server, track));
}

function serviceOf({ metadata }: MCPServer, track: 'stable' | 'canary'): string {
  return workloadName(metadata.name, track === 'canary' ? '-canary' : '');
}

function upstreamOf(server: MCPServer, placement: GatewayPlacement, canaryName: CanaryName): GatewayRoute['upstream'] {
  const { spec } = server;
  const { url } = declaredSource(spec);
  const { upstreamPath: path } = resolveServer(server);
  if (spec.replicas === 0) return undefined;
  if (url !== undefined) return { url };
  if (placement === 'sidecar') return { pod: { port: spec.port, path } };
  return {
    tracks: versionsOf(server, canaryName).map(({ track, server: version, weight }) => ({
      track,
      service: serviceOf(server, track),
      weight,
      port: spec.port,
      path: resolveServer(version).upstreamPath,
    })),
  };
}
