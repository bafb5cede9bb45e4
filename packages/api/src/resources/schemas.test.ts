import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MCPAccessGrantSpec } from './grant.ts';
import { MCPServerSpec } from './server/server.ts';
import { MCPAgentSessionSpec } from './session.ts';
import { ACCESS, GATEWAY, GRANT_SPECS, IMAGE, SERVER_SPECS, SESSION_SPECS, TOOL } from '../testing/specs.ts';

test('a server with an image alone gets the defaults', () => {
  assert.deepEqual(MCPServerSpec.parse(IMAGE), {
    ...IMAGE,
    transport: 'http',
    useProvisionedRegistry: false,
    replicas: 1,
    port: 8088,
    servicePort: 80,
    ingressClass: 'traefik',
  });
});

test('sections of a server that are present get the defaults', () => {
  const spec = MCPServerSpec.parse({
    ...GATEWAY,
    auth: {},
    policy: {},
    session: {},
    analytics: {},
    rollout: {},
    tools: [TOOL],
  });
  assert.deepEqual(spec.auth, {
    mode: 'header',
    humanIDHeader: 'X-MCP-Human-ID',
    agentIDHeader: 'X-MCP-Agent-ID',
    teamIDHeader: 'X-MCP-Team-ID',
    sessionIDHeader: 'X-MCP-Agent-Session',
    tokenHeader: 'Authorization',
  });
  assert.deepEqual(spec.policy, {
    mode: 'allow-list',
    defaultDecision: 'deny',
    enforceOn: 'call_tool',
    policyVersion: 'v1',
  });
  assert.deepEqual(spec.session, {
    required: false,
    store: 'kubernetes',
    headerName: 'X-MCP-Agent-Session',
    maxLifetime: '24h',
    idleTimeout: '1h',
    upstreamTokenHeader: 'Authorization',
  });
  assert.deepEqual(spec.analytics, { disabled: false });
  assert.deepEqual(spec.rollout, { strategy: 'RollingUpdate', maxUnavailable: '25%', maxSurge: '25%' });
  assert.deepEqual(spec.tools, [{ ...TOOL, requiredTrust: 'low' }]);
});

test('a grant and a session get the defaults', () => {
  assert.deepEqual(MCPAccessGrantSpec.parse(ACCESS), { ...ACCESS, maxTrust: 'low', disabled: false });
  assert.deepEqual(MCPAgentSessionSpec.parse(ACCESS), { ...ACCESS, consentedTrust: 'low', revoked: false });
});

for (const [kind, schema, rows] of [
  ['server', MCPServerSpec, SERVER_SPECS],
  ['grant', MCPAccessGrantSpec, GRANT_SPECS],
  ['session', MCPAgentSessionSpec, SESSION_SPECS],
] as const) {
  for (const { id, spec, fault } of rows) {
    test(`${kind}: ${id} is ${fault === undefined ? 'valid' : `a fault of ${fault}`}`, () => {
      const paths = (schema.safeParse(spec).error?.issues ?? []).map((issue) => issue.path.join('.'));
      assert.deepEqual(paths, fault === undefined ? [] : [fault]);
    });
  }
}
