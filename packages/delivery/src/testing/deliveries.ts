import { type GatewayRoute, type PolicyDocument } from '@mcp-runtime/api';
import { stamp } from '@mcp-runtime/policy';
import { type DeliveryInput } from '../encode.ts';

export const SERVER = { namespace: 'team-a', name: 'files' };
export const PUBLISHED_AT: number = Date.parse('2026-05-08T12:00:00.123Z');

export function aRoute(parts: Partial<GatewayRoute> = {}): GatewayRoute {
  return {
    schema_version: 'v1',
    server: SERVER,
    path: '/files/mcp',
    upstream: { tracks: [{ track: 'stable', service: 'files', port: 8088, path: '/mcp', weight: 100 }] },
    audit: { arguments: 'none', strict: false },
    event_source: 'files-gateway',
    ...parts,
  };
}

/** With as many sessions as asked for, of humans whose names start with `human`. */
export function aPolicy({ sessions = 1, human = 'h' }: { sessions?: number; human?: string } = {}): PolicyDocument {
  return stamp({
    schema_version: 'v1',
    revision: '',
    server: SERVER,
    auth: { mode: 'header' },
    session: { required: true },
    tools: [{ name: 'read', side_effect: 'read', required_trust: 'low' }],
    grants: [{ name: 'g', namespace: 'team-a', team_id: 't', max_trust: 'high', allowed_side_effects: ['read'] }],
    sessions: Array.from({ length: sessions }, (_, index) => ({
      name: `session-${index}`,
      namespace: 'team-a',
      human_id: `${human}-${index}@example.com`,
      agent_id: `agent-${index % 50}`,
      team_id: 't',
      consented_trust: 'medium',
      expires_at: new Date(PUBLISHED_AT + index * 1000).toISOString(),
    })),
  });
}

export function aDelivery(parts: Partial<DeliveryInput> = {}): DeliveryInput {
  return { document: aPolicy(), route: aRoute(), placement: 'shared', publishedAt: PUBLISHED_AT, ...parts };
}
