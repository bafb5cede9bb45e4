import { type MCPServer, keyOf, resolveServer, declaredSource } from '@mcp-runtime/api';
import { type HostServer, type HostState } from './host/index.ts';
import { type PublishedRoute } from './ports.ts';
import { amountOf } from './quantity.ts';

/** What a server's resource asks for, as far as it does not depend on what runs. */
export interface Plan {
  readonly workload: HostServer;
  readonly path: string;
}

/** Pure. `secrets` are the values of `secretEnvVars` by variable name. */
export function planServer(server: MCPServer, secrets: Readonly<Record<string, string>>): Plan {
  const { publicPath, upstreamPath, bridge } = resolveServer(server);
  const memoryLimitBytes = amountOf(server.spec.resources?.limits?.memory ?? '');
  const declared = Object.fromEntries((server.spec.envVars ?? []).map(({ name, value }) => [name, value]));
  return {
    workload: {
      key: keyOf(server),
      source: declaredSource(server.spec),
      transport: server.spec.transport,
      env: { ...declared, ...secrets },
      mcpPath: upstreamPath,
      bridge,
      ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes }),
    },
    path: publicPath,
  };
}

export function planRoute(server: MCPServer, plan: Plan, state: HostState | undefined): PublishedRoute {
  const { audit, eventSource } = resolveServer(server);
  return {
    key: plan.workload.key,
    path: plan.path,
    upstreamUrl: state?.phase === 'running' ? state.upstreamUrl : undefined,
    upstreamFrom: plan.workload.source.url === undefined ? 'operator' : 'owner',
    audit,
    eventSource,
  };
}

/** Whether a server is meant to run: a scale of none stops it and keeps its resource. */
export function shouldRun(server: MCPServer): boolean {
  return server.spec.replicas > 0;
}
