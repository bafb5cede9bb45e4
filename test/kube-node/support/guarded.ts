/** The smallest MCP server that asks for a credential: its one tool tells which it was given. */
const PROGRAM = `
require('node:http').createServer(async (request, response) => {
  const { authorization } = request.headers;
  let body = '';
  for await (const chunk of request) body += chunk;
  if (authorization === undefined) return response.writeHead(401).end();
  if (request.method !== 'POST') return response.writeHead(405).end();
  const { id, method, params } = JSON.parse(body);
  if (id === undefined) return response.writeHead(202).end();
  const results = {
    initialize: () => ({
      protocolVersion: params.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: 'guarded', version: '1' },
    }),
    'tools/list': () => ({ tools: [{ name: 'whoami', inputSchema: { type: 'object' } }] }),
    'tools/call': () => ({ content: [{ type: 'text', text: authorization }] }),
  };
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ jsonrpc: '2.0', id, result: results[method]?.() ?? {} }));
}).listen(Number(process.env.PORT));
`;

/** Fields of an MCPServer that runs it in the image of the product, with what a Secret holds as the credential. */
export function guardedBy(secret: string): object {
  return {
    image: 'localhost/mcp-runtime',
    imageTag: 'dev',
    command: ['node', '-e', PROGRAM],
    upstreamAuth: { secretRef: { name: secret, key: 'token' } },
  };
}
