import { type GatewayOptions } from '../options.ts';
import { type Bench, startBench, testDocument } from './bench.ts';
import { type LegacyServer } from './legacy-server.ts';

/** Alice and Bob may read, each in a session of their own. */
export const ALICE_AND_BOB = testDocument({
  grants: ['alice', 'bob'].map((human_id) => ({
    name: human_id,
    namespace: 'mcp-servers',
    human_id,
    agent_id: 'agent',
    max_trust: 'high',
    allowed_side_effects: ['read'],
  })),
  sessions: ['alice', 'bob'].map((human_id, index) => ({
    name: `s${index + 1}`,
    namespace: 'mcp-servers',
    human_id,
    agent_id: 'agent',
    consented_trust: 'high',
  })),
});

/** Claims of a token of Bob's; a token is Alice's without. */
export const BOB = { sub: 'bob', sid: 's2' } as const;

/** A gateway in front of a server that speaks the legacy era alone, for Alice and Bob. */
export function startLegacyBench(server: LegacyServer, options: Partial<GatewayOptions> = {}): Promise<Bench> {
  return startBench({ answer: server.answer, document: ALICE_AND_BOB, probes: 'seen', options });
}
