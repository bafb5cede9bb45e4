import { ANONYMOUS, type PolicyDocument } from '@mcp-runtime/api';

const alice = { human_id: 'alice', agent_id: 'agent' };

/** Alice's agent may read and nothing else; Mallory's holds a live session and no grant. */
export const LAB_DOCUMENT: PolicyDocument = {
  schema_version: 'v1',
  revision: 'lab',
  server: { name: 'memory', namespace: 'default' },
  auth: { mode: 'token' },
  policy: { mode: 'allow-list', default_decision: 'deny', enforce_on: 'all', policy_version: 'v1', denials: 'explain' },
  session: { required: true },
  tools: [
    { name: 'read_graph', required_trust: 'low', side_effect: 'read' },
    { name: 'delete_entities', required_trust: 'low', side_effect: 'destructive' },
  ],
  grants: [
    {
      name: 'readers',
      namespace: 'default',
      ...alice,
      max_trust: 'high',
      allowed_side_effects: ['read'],
      tool_rules: [{ name: 'read_graph' }, { name: 'delete_entities' }],
      resource_rules: [{ uri: 'memory:///public/*', decision: 'allow' }],
    },
  ],
  sessions: [
    { name: 'live', namespace: 'default', ...alice, consented_trust: 'high' },
    { name: 'anonymous', namespace: 'default', human_id: ANONYMOUS, agent_id: 'agent' },
    { name: 'revoked', namespace: 'default', ...alice, consented_trust: 'high', revoked: true },
    { name: 'theirs', namespace: 'default', human_id: 'mallory', agent_id: 'mallet', consented_trust: 'high' },
  ],
};
