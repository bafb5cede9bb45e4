import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { isRecord, listenOn } from '@mcp-runtime/base';
import { createProbe } from './probe.ts';

const CAPABILITIES = { tools: { listChanged: true }, resources: {} };
const INITIALIZED = {
  protocolVersion: '2025-11-25',
  capabilities: CAPABILITIES,
  serverInfo: { name: 'files', version: '1' },
  instructions: 'Be kind.',
};
const READ = { name: 'read', inputSchema: { type: 'object' }, 'x-unknown': { deep: [1] } };
const WRITE = { name: 'write', inputSchema: { type: 'object' } };

/** Tools on two pages, resources without templates, and no prompts. */
function resultOf(method: unknown, params: unknown): object | undefined {
  const cursor = isRecord(params) ? params['cursor'] : undefined;
  if (method === 'initialize') return INITIALIZED;
  if (method === 'tools/list') return cursor === 'next' ? { tools: [WRITE] } : { tools: [READ], nextCursor: 'next' };
  if (method === 'resources/list') return { resources: [{ uri: 'file:///a', name: 'a' }] };
  return undefined;
}

test('what a server tells of itself is taken whole, with what nobody knows, and only where it is asked for', async () => {
  const asked: unknown[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      if (request.method !== 'POST') return response.writeHead(405).end();
      const message: unknown = JSON.parse(body);
      const { id, method, params } = isRecord(message) ? message : {};
      asked.push(method);
      if (id === undefined) return response.writeHead(202).end();
      const result = resultOf(method, params);
      const said = result === undefined ? { error: { code: -32601, message: 'method not found' } } : { result };
      response.writeHead(200, { 'content-type': 'application/json' });
      return response.end(JSON.stringify({ jsonrpc: '2.0', id, ...said }));
    });
  });
  const port = await listenOn(server);
  const url = `http://127.0.0.1:${port}/mcp`;
  const probe = createProbe({ version: '1', token: async () => 'token' });
  const key = { namespace: 'team-a', name: 'files' };
  const { signal } = new AbortController();

  const handshake = await probe(key, url, { signal, track: 'stable', look: 'definitions' });
  assert.deepEqual(handshake.definitions, {
    schema_version: 'v1',
    server_info: INITIALIZED.serverInfo,
    capabilities: CAPABILITIES,
    instructions: 'Be kind.',
    tools: [READ, WRITE],
    resources: [{ uri: 'file:///a', name: 'a' }],
  });
  assert.ok(!asked.includes('prompts/list'));
  const plain = await probe(key, url, { signal });
  assert.equal(plain.definitions, undefined);
  server.closeAllConnections();
  server.close();
});
