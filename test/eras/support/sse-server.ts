import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { z } from 'zod';
import { listenOn } from '../../../packages/base/src/index.ts';

/** A server of the HTTP+SSE transport and nothing else, made with the published SDK 1.x. */
export interface SseServer extends AsyncDisposable {
  readonly url: URL;
  readonly tools: readonly string[];
  /** Sessions that are open. */
  readonly sessions: () => number;
  /** Resolves once a call of `hang` has begun; the other once one was cancelled. */
  readonly hanging: { readonly begun: Promise<void>; readonly cancelled: Promise<void> };
  readonly toolsChanged: () => void;
  readonly dropSessions: () => void;
}

export async function startSseServer(): Promise<SseServer> {
  const transports = new Map<string, SSEServerTransport>();
  const servers = new Set<McpServer>();
  const begun = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();

  async function open(response: ServerResponse): Promise<void> {
    const transport = new SSEServerTransport('/messages', response);
    const mcp = createMcp(begun.resolve, cancelled.resolve);
    transports.set(transport.sessionId, transport);
    servers.add(mcp);
    response.once('close', () => {
      transports.delete(transport.sessionId);
      servers.delete(mcp);
    });
    await mcp.connect(transport);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://127.0.0.1');
    if (request.method === 'GET' && pathname === '/sse') return open(response);
    const transport = transports.get(searchParams.get('sessionId') ?? '');
    if (request.method === 'POST' && pathname === '/messages' && transport !== undefined) {
      return transport.handlePostMessage(request, response);
    }
    response.writeHead(404).end();
  }

  const server = createServer((request, response) => void serve(request, response));
  const port = await listenOn(server);
  return {
    url: new URL(`http://127.0.0.1:${port}/sse`),
    tools: ['echo', 'ask', 'sample', 'progress', 'hang'],
    sessions: () => transports.size,
    hanging: { begun: begun.promise, cancelled: cancelled.promise },
    toolsChanged: () => {
      for (const mcp of servers) mcp.sendToolListChanged();
    },
    dropSessions: () => server.closeAllConnections(),
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function createMcp(onBegin: () => void, onCancel: () => void): McpServer {
  const mcp = new McpServer({ name: 'old-transport', version: '1.0.0' }, { capabilities: { logging: {} } });
  const text = (said: string): { content: { type: 'text'; text: string }[] } => ({
    content: [{ type: 'text', text: said }],
  });
  mcp.registerTool('echo', { inputSchema: { said: z.string() } }, ({ said }) => text(said));
  mcp.registerTool('ask', {}, async () => {
    const schema = { type: 'object', properties: { name: { type: 'string' } } } as const;
    const { action, content } = await mcp.server.elicitInput({ message: 'Name?', requestedSchema: { ...schema } });
    return text(`${action} ${String(content?.['name'])}`);
  });
  mcp.registerTool('sample', {}, async () => {
    const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: 'hi' } }];
    const { content } = await mcp.server.createMessage({ messages, maxTokens: 10 });
    return text(JSON.stringify(content));
  });
  mcp.registerTool('progress', {}, async ({ sendNotification, _meta }) => {
    const progressToken = _meta?.progressToken ?? 0;
    for (const progress of [1, 2]) {
      await sendNotification({ method: 'notifications/progress', params: { progressToken, progress } });
    }
    return text('done');
  });
  mcp.registerTool('hang', {}, async ({ signal }) => {
    onBegin();
    await once(signal, 'abort');
    onCancel();
    return text('');
  });
  mcp.registerResource('a', 'test://a', {}, () => ({ contents: [{ uri: 'test://a', text: 'A' }] }));
  mcp.registerPrompt('p', {}, () => ({ messages: [{ role: 'user', content: { type: 'text', text: 'P' } }] }));
  return mcp;
}
