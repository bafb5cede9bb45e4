import { type PolicyDocument } from '@mcp-runtime/api';

const RULE = { decision: 'allow', required_trust: 'high' };

/** A document with every member, each with a value of its own, in the order of the schema. */
export const FULL: PolicyDocument = {
  schema_version: 'v1',
  revision: '',
  generated_at: '2026-05-08T12:00:00Z',
  server: { name: 'server', namespace: 'namespace', team_id: 'team', cluster: 'cluster' },
  auth: {
    mode: 'header',
    human_id_header: 'human-header',
    agent_id_header: 'agent-header',
    team_id_header: 'team-header',
    session_id_header: 'session-header',
    token_header: 'token-header',
    issuer_url: 'issuer',
    audience: 'audience',
    trust_domain: 'domain',
    required_scopes: ['scope'],
    side_effect_scopes: { read: ['read-scope'], write: ['write-scope'], destructive: ['destructive-scope'] },
    claims: { human: 'human-claim', agent: 'agent-claim', team: 'team-claim', session: 'session-claim' },
    introspection: { url: 'url', client_id: 'client', client_secret_ref: 'secret/key' },
  },
  policy: {
    mode: 'observe',
    default_decision: 'deny',
    enforce_on: 'all',
    policy_version: 'policy-version',
    denials: 'explain',
  },
  session: {
    required: true,
    store: 'store',
    header_name: 'header',
    max_lifetime: '24h',
    idle_timeout: '1h',
    upstream_token_header: 'upstream-header',
  },
  tools: [
    {
      name: 'tool',
      description: 'description',
      required_trust: 'medium',
      side_effect: 'write',
      risk_level: 'low',
      labels: { z: 'label-z', a: 'label-a' },
      required_scopes: ['tool-scope'],
    },
  ],
  grants: [
    {
      name: 'grant',
      namespace: 'grant-namespace',
      human_id: 'grant-human',
      agent_id: 'grant-agent',
      team_id: 'grant-team',
      max_trust: 'medium',
      allowed_side_effects: ['read'],
      policy_version: 'grant-version',
      disabled: true,
      tool_rules: [{ name: 'tool-rule', ...RULE }],
      not_before: '2026-01-01T00:00:00Z',
      expires_at: '2026-12-31T00:00:00Z',
      prompt_rules: [{ name: 'prompt-rule', ...RULE }],
      resource_rules: [{ uri: 'resource-rule', ...RULE }],
    },
  ],
  sessions: [
    {
      name: 'session',
      namespace: 'session-namespace',
      human_id: 'session-human',
      agent_id: 'session-agent',
      team_id: 'session-team',
      consented_trust: 'medium',
      revoked: true,
      expires_at: '2026-06-30T00:00:00Z',
      policy_version: 'session-version',
      upstream_token_ref: 'secret/key',
    },
  ],
};
