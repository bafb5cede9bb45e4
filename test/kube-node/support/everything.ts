/** The published test server as an image, and who may call what of it. Server, grant and session have one name. */
export const EVERYTHING = 'everything';

const SUBJECT = { humanID: 'alice@example.com', agentID: 'agent' };

interface Tools {
  readonly granted: readonly string[];
  readonly others?: readonly string[];
}

/** A List as kubectl applies it. */
export function everythingWith({ granted, others = [] }: Tools): object {
  const serverRef = { name: EVERYTHING };
  const server = {
    image: 'localhost/mcp-everything',
    imageTag: 'test',
    port: 3001,
    transport: 'http',
    mcpPath: '/mcp',
    auth: { mode: 'token' },
    policy: { denials: 'explain' },
    session: { required: true },
    gateway: { enabled: true },
    tools: [...granted, ...others].map((name) => ({ name, sideEffect: 'read' })),
  };
  const grant = {
    serverRef,
    subject: SUBJECT,
    maxTrust: 'low',
    allowedSideEffects: ['read'],
    toolRules: granted.map((name) => ({ name, decision: 'allow' })),
  };
  const session = { serverRef, subject: SUBJECT, consentedTrust: 'low' };
  const items = [of('MCPServer', server), of('MCPAccessGrant', grant), of('MCPAgentSession', session)];
  return { apiVersion: 'v1', kind: 'List', items };
}

function of(kind: string, spec: object): object {
  return { apiVersion: 'mcpruntime.org/v1alpha1', kind, metadata: { name: EVERYTHING }, spec };
}
