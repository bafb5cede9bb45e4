import { type ServerResponse } from 'node:http';
import { isRecord } from '@mcp-runtime/base';
import { type Answer, type Seen, sendJson } from './upstream.ts';

type Members = Readonly<Record<string, unknown>>;

/** One request of MCP 2026-07-28, read. */
export interface ModernRequest {
  readonly id: unknown;
  readonly method: string;
  readonly params: Members;
  readonly seen: Seen;
}

export type ModernServe = (request: ModernRequest, response: ServerResponse) => void;

/** A server of MCP 2026-07-28 that refuses everything else, byte for byte as a test says. */
export function modernOnly(serve: Readonly<Record<string, ModernServe>>): Answer {
  return (seen, response) => {
    if (seen.method !== 'POST') {
      response.writeHead(405).end();
      return;
    }
    const body: unknown = JSON.parse(seen.body);
    const { id, method, params = {} } = isRecord(body) ? body : {};
    const isModern = seen.headers['mcp-protocol-version'] === '2026-07-28' && seen.headers['mcp-method'] === method;
    if (typeof method !== 'string' || !isRecord(params) || !isModern) {
      const error = { code: -32022, message: 'unsupported', data: { supported: ['2026-07-28'], requested: '' } };
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id: id ?? null, error }));
      return;
    }
    const request = { id, method, params, seen };
    const handler = serve[method] ?? DEFAULTS[method];
    if (handler !== undefined) return handler(request, response);
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'method not found' } }));
  };
}

const DEFAULTS: Readonly<Record<string, ModernServe>> = {
  'server/discover': (request, response) => sendResult(request, response, DISCOVERED),
  'tools/list': (request, response) => sendResult(request, response, { tools: [] }),
};

export const DISCOVERED = {
  resultType: 'complete',
  supportedVersions: ['2026-07-28'],
  capabilities: {
    tools: { listChanged: true },
    resources: { subscribe: true },
    logging: {},
    extensions: { 'io.modelcontextprotocol/tasks': {}, 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html'] } },
  },
  instructions: 'Be kind.',
  ttlMs: 0,
  cacheScope: 'private',
  'x-unknown': 1,
  _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'modern', version: '3' } },
};

export function sendResult({ id }: ModernRequest, response: ServerResponse, result: object): void {
  sendJson(response, { jsonrpc: '2.0', id, result: { resultType: 'complete', ...result } });
}

export function sendError({ id }: ModernRequest, response: ServerResponse, error: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', id, error }));
}

/** Opens an event stream and says these messages; the response and the end are left to the test. */
export function sendEvents(response: ServerResponse, ...messages: readonly object[]): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const message of messages) response.write(`data: ${JSON.stringify(message)}\n\n`);
}
