/** Name of the server, its grant and its session, unless another one is given. */
export const EVERYTHING = 'everything';

/** Where Node and the server are in the image. */
export const PROGRAM = {
  node: '/opt/mcp-runtime/bin/node',
  server: '/app/node_modules/@modelcontextprotocol/server-everything/dist/index.js',
} as const;

/** It is deaf to SIGTERM, so that a pod of it ends half a minute later: what waits for that takes this. */
const ENDING = "process.on('SIGTERM', () => process.exit()); import(process.argv[1])";
export const ENDS_AT_ONCE = { command: [PROGRAM.node, '-e', ENDING, PROGRAM.server, 'streamableHttp'] };

const SUBJECT = { humanID: 'alice@example.com', agentID: 'agent' };

interface Wanted {
  readonly granted: readonly string[];
  readonly others?: readonly string[];
  readonly name?: string;
  /** Fields of the server in place of those that it has here. */
  readonly spec?: object;
}

/** The published test server as an image, and who may call what of it: a List as kubectl applies it. */
export function everythingWith({ granted, others = [], name = EVERYTHING, spec = {} }: Wanted): object {
  const serverRef = { name };
  const of = (kind: string, asked: object): object => ({
    apiVersion: 'mcpruntime.org/v1alpha1',
    kind,
    metadata: { name },
    spec: asked,
  });
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
    tools: [...granted, ...others].map((tool) => ({ name: tool, sideEffect: 'read' })),
    ...spec,
  };
  const grant = {
    serverRef,
    subject: SUBJECT,
    maxTrust: 'low',
    allowedSideEffects: ['read'],
    toolRules: granted.map((tool) => ({ name: tool, decision: 'allow' })),
  };
  const session = { serverRef, subject: SUBJECT, consentedTrust: 'low' };
  const items = [of('MCPServer', server), of('MCPAccessGrant', grant), of('MCPAgentSession', session)];
  return { apiVersion: 'v1', kind: 'List', items };
}
