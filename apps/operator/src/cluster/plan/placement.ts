import { type GatewayPlacement, type MCPServer, declaredSource } from '@mcp-runtime/api';
import { type PlanSettings } from './settings.ts';

/**
 * Where a server is governed. One that runs elsewhere has no pod for a gateway to be in; one whose callers prove themselves
 * in the TLS handshake needs a gateway of its own to end it.
 */
export function placementOf(server: MCPServer, { gateway }: Pick<PlanSettings, 'gateway'>): GatewayPlacement {
  if (declaredSource(server.spec).url !== undefined) return 'shared';
  return isMtls(server) ? 'sidecar' : (server.spec.gateway?.placement ?? gateway.placement);
}

export function isMtls({ spec }: MCPServer): boolean {
  return spec.auth?.mode === 'mtls';
}
