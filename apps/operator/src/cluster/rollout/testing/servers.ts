import { API_VERSION, MCPServer, type RolloutStatus } from '@mcp-runtime/api';
import { trialOf } from '../trial.ts';

interface Shares {
  readonly replicas?: number;
  readonly canaries?: number;
  readonly weight?: number | undefined;
}

/** A server with a canary beside it; `rules` are fields of `rollout.canary`. */
export function aCanary(
  image: string,
  canary: string,
  { replicas = 4, canaries = 1, weight = 5 }: Shares = {},
  rules: object = {},
): MCPServer {
  return MCPServer.parse({
    apiVersion: API_VERSION,
    kind: 'MCPServer',
    metadata: { name: 'files', namespace: 'team-a', uid: '00000000-0000-4000-8000-000000000001' },
    spec: {
      image,
      replicas,
      rollout: { strategy: 'Canary', canaryReplicas: canaries, canary: { image: canary, weight, ...rules } },
    },
  });
}

/** The same, with what the status says of its trial. */
export function aRecord(
  server: MCPServer,
  phase: RolloutStatus['phase'],
  more: Partial<RolloutStatus> = {},
): MCPServer {
  const trial = trialOf(server);
  const rollout: RolloutStatus = {
    phase,
    hash: trial?.hash ?? '',
    stableHash: trial?.stableHash ?? '',
    source: '',
    reason: 'Test',
    message: '',
    since: '2026-01-01T00:00:00Z',
    observedAt: '2026-01-01T00:00:00Z',
    requests: 0,
    errors: 0,
    stableRequests: 0,
    stableErrors: 0,
    ...more,
  };
  return { ...server, status: { ...server.status, rollout } };
}
