import { governedServer } from '../../support/objects.ts';

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

interface Wanted {
  readonly granted: readonly string[];
  readonly others?: readonly string[];
  readonly name?: string;
  /** Fields of the server in place of those that it has here. */
  readonly spec?: object;
}

/** The published test server as an image, and who may call what of it. */
export function everythingWith({ granted, others = [], name = EVERYTHING, spec = {} }: Wanted): readonly object[] {
  const server = {
    image: 'localhost/mcp-everything',
    imageTag: 'test',
    port: 3001,
    transport: 'http',
    mcpPath: '/mcp',
    auth: { mode: 'token' },
    tools: [...granted, ...others].map((tool) => ({ name: tool, sideEffect: 'read' })),
    ...spec,
  };
  return governedServer(name, server, {
    subject: { humanID: 'alice@example.com', agentID: 'agent' },
    grant: {
      maxTrust: 'low',
      allowedSideEffects: ['read'],
      toolRules: granted.map((tool) => ({ name: tool, decision: 'allow' })),
    },
    session: { consentedTrust: 'low' },
  });
}
