/** A server with client certificates for tests: its resources, its gateway as a process, calls as somebody. */
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type Agent } from 'node:https';
import { join } from 'node:path';
import { CLUSTER, ERRORS, type ObjectKey } from '../../../packages/api/src/index.ts';
import { listenOn } from '../../../packages/base/src/index.ts';
import { CONFIG_MAPS, type ResourceClient } from '../../../packages/kube/src/index.ts';
import { type TestCertificate } from '../../../apps/gateway/src/testing/certificates.ts';
import { askOverTls } from '../../../apps/gateway/src/testing/https.ts';
import { until } from '../../support/until.ts';
import { FILES, filesForAlice } from './alice.ts';
import { kubeconfigPath } from './cluster.ts';

export const TRUST_DOMAIN = 'example.org';

/** The server at a local port, for callers with certificates. */
export function certifiedFiles(namespace: string, port: number): ReturnType<typeof filesForAlice> {
  return filesForAlice({
    image: 'localhost/files:1',
    port,
    publicPathPrefix: namespace,
    mcpPath: '/mcp',
    ingressHost: 'localhost',
    ingressClass: 'nginx',
    auth: { mode: 'mtls', trustDomain: TRUST_DOMAIN },
  });
}

/** Writes the token keys that the operator gives to the gateway of a server where `gatewayFlags` names them. */
export async function saveTokenKeys(client: ResourceClient, server: ObjectKey, folder: string): Promise<void> {
  const { secret, key } = CLUSTER.tokenKeys;
  const jwks = await until(
    'gateways have keys',
    async () => (await client.get(CONFIG_MAPS, { ...server, name: secret }))?.data?.[key],
  );
  await writeFile(join(folder, 'jwks.json'), jwks);
}

/** Flags of the gateway beside it, with the files of `folder`. */
export function gatewayFlags(namespace: string, folder: string): readonly string[] {
  const flags = {
    'watch-server': `${namespace}/${FILES}`,
    listen: 'localhost:0',
    kubeconfig: kubeconfigPath(),
    jwks: join(folder, 'jwks.json'),
    'tls-cert': join(folder, 'tls.crt'),
    'tls-key': join(folder, 'tls.key'),
    'tls-client-ca': join(folder, 'ca.crt'),
    'tls-client-certificates': 'optional',
  };
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
}

/** `allowed`, or the reason of the refusal. */
export async function verdictOf(
  url: string,
  trusted: () => Promise<string>,
  as: TestCertificate | undefined,
  agent: Agent | undefined,
): Promise<string> {
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read', arguments: {} } };
  const answer = await askOverTls(url, {
    ca: await trusted(),
    body,
    ...(as === undefined ? {} : { as }),
    ...(agent === undefined ? {} : { agent }),
  });
  if (answer.body.includes('"result"')) return 'allowed';
  return Object.keys(ERRORS).find((code) => answer.body.includes(`"${code}"`)) ?? `${answer.status} ${answer.body}`;
}

/** An MCP server with one tool. */
export async function startMcpServer() {
  const results: Readonly<Record<string, object>> = {
    initialize: {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'files', version: '1' },
    },
    'tools/list': { tools: [{ name: 'read', inputSchema: { type: 'object' } }] },
    'tools/call': { content: [] },
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { id, method } = JSON.parse(Buffer.concat(chunks).toString() || '{}');
      const result = results[method];
      const unknown = { code: -32_601, message: 'unknown' };
      response.writeHead(id === undefined ? 202 : 200, { 'content-type': 'application/json' });
      response.end(
        id === undefined
          ? ''
          : JSON.stringify({ jsonrpc: '2.0', id, ...(result === undefined ? { error: unknown } : { result }) }),
      );
    });
  });
  const port = await listenOn(server);
  return {
    port,
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
