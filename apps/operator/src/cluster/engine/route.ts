import {
  type GatewayPlacement,
  type GatewayRoute,
  type MCPServer,
  declaredSource,
  keyOf,
  resolveServer,
} from '@mcp-runtime/api';
import { workloadName } from '../plan/names.ts';

/** How gateways serve a server: what `route.json` says. */
export function routeOf(server: MCPServer, placement: GatewayPlacement): GatewayRoute {
  const { publicPath, audit, eventSource } = resolveServer(server);
  const upstream = upstreamOf(server, placement);
  return {
    schema_version: 'v1',
    server: keyOf(server),
    path: publicPath,
    ...(upstream === undefined ? {} : { upstream }),
    ...(upstream !== undefined && 'pod' in upstream ? { peers: servicesOf(server) } : {}),
    audit: { arguments: audit.arguments, strict: audit.strict },
    event_source: eventSource,
  };
}

function servicesOf({ metadata, spec }: MCPServer): string[] {
  const stable = workloadName(metadata.name);
  return spec.rollout?.strategy === 'Canary' ? [stable, workloadName(metadata.name, '-canary')] : [stable];
}

function upstreamOf(server: MCPServer, placement: GatewayPlacement): GatewayRoute['upstream'] {
  const { spec, metadata } = server;
  const { url } = declaredSource(spec);
  const { upstreamPath: path } = resolveServer(server);
  if (spec.replicas === 0) return undefined;
  if (url !== undefined) return { url };
  if (placement === 'sidecar') return { pod: { port: spec.port, path } };
  const track = { port: spec.port, path };
  if (spec.rollout?.strategy !== 'Canary')
    return { tracks: [{ track: 'stable', service: workloadName(metadata.name), weight: 100, ...track }] };
  const weight = canaryWeightOf(server);
  return {
    tracks: [
      { track: 'stable', service: workloadName(metadata.name), weight: 100 - weight, ...track },
      { track: 'canary', service: workloadName(metadata.name, '-canary'), weight, ...track },
    ],
  };
}

/** In per cent: what is declared, or the canary's share of the replicas. */
function canaryWeightOf({ spec }: MCPServer): number {
  const declared = spec.rollout?.canary?.weight;
  if (declared !== undefined) return declared;
  return Math.round((100 * (spec.rollout?.canaryReplicas ?? 0)) / Math.max(1, spec.replicas));
}
