import { type MCPServer, resolveServer } from '@mcp-runtime/api';
import { type Track } from '../../ports.ts';
import { workloadName } from '../plan/names.ts';
import { isMtls, placementOf } from '../plan/placement.ts';
import { publicHostOf } from '../plan/route-objects.ts';
import { type OperatorSettings } from '../settings.ts';

type AddressSettings = Pick<OperatorSettings, 'gateway' | 'ingress'>;

/** Where clients reach a server: at the host of its ingress, or within the cluster when it has none. */
export function endpointOf(server: MCPServer, settings: AddressSettings): string {
  const { ingress } = settings;
  const host = publicHostOf(server, settings);
  const { publicPath } = resolveServer(server);
  if (ingress.kind === 'none' || host === undefined) return probeUrlOf(server, settings);
  return `${ingress.tlsSecret === undefined && !isMtls(server) ? 'http' : 'https'}://${host}${publicPath}`;
}

/** Where the operator reaches the gateway of a server; of a canary, where gateways are in the pods themselves. */
export function probeUrlOf(server: MCPServer, settings: AddressSettings, track: Track = 'stable'): string {
  const { metadata, spec } = server;
  const { gateway } = settings;
  const { publicPath } = resolveServer(server);
  const base =
    placementOf(server, settings) === 'sidecar'
      ? `${isMtls(server) ? 'https' : 'http'}://${workloadName(metadata.name, track === 'canary' ? '-canary' : '')}.${metadata.namespace}.svc:${spec.servicePort}`
      : (gateway.url ?? `http://${gateway.service}.${gateway.namespace}.svc:${gateway.servicePort}`);
  return `${base}${publicPath}`;
}
