import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { listenOn } from '../../../packages/base/src/index.ts';
import { type Subject } from '../../conformance/subject.ts';

/** A server on the SDK that only knows sessions, and what its tools were told. */
export interface SdkV1Server extends Subject {
  /** Calls that were cancelled, by what they were given. */
  readonly cancelled: readonly string[];
  readonly openSessions: () => number;
}

export const SDK_V1_TOOLS = ['ask-twice', 'ask-beside', 'log', 'wait', 'change-tools', 'large-number'] as const;

export async function startSdkV1Server(): Promise<SdkV1Server> {
  const cancelled: string[] = [];
  const sessions = new Map<string, StreamableHTTPServerTransport>();

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? sessions.get(id) : undefined;
    const body: unknown = request.method === 'POST' ? await json(request) : undefined;
    if (known !== undefined) return known.handleRequest(request, response, body);
    if (!isInitializeRequest(body)) {
      response.writeHead(id === undefined ? 400 : 404).end();
      return undefined;
    }
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (opened) => void sessions.set(opened, transport),
      onsessionclosed: (closed) => void sessions.delete(closed),
    });
    await createMcp(cancelled).connect(transport);
    return transport.handleRequest(request, response, body);
  }

  const server = createServer((request, response) => void handle(request, response));
  const port = await listenOn(server);
  return {
    url: new URL(`http://127.0.0.1:${port}/mcp`),
    cancelled,
    openSessions: () => sessions.size,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const FORM = {
  type: 'object',
  properties: { name: { type: 'string' } },
} as const;

function createMcp(cancelled: string[]): McpServer {
  const mcp = new McpServer(
    { name: 'sdk-v1', version: '1' },
    { capabilities: { logging: {}, tools: { listChanged: true } } },
  );
  mcp.registerTool('ask-twice', { inputSchema: {} }, async (_, { sendRequest }) => {
    const ask = (message: string): Promise<unknown> =>
      sendRequest({ method: 'elicitation/create', params: { message, requestedSchema: FORM } }, z.unknown());
    const answers = [await ask('first'), await ask('second')];
    return { content: [{ type: 'text', text: JSON.stringify(answers) }] };
  });
  // As the SDK's own examples ask: on the stream that belongs to no request.
  mcp.registerTool('ask-beside', { inputSchema: {} }, async () => {
    const answer = await mcp.server.elicitInput({ message: 'Who?', requestedSchema: FORM });
    return { content: [{ type: 'text', text: JSON.stringify(answer) }] };
  });
  mcp.registerTool('log', { inputSchema: {} }, async (_, { sendNotification }) => {
    for (const level of ['debug', 'warning'] as const) {
      await sendNotification({ method: 'notifications/message', params: { level, data: level } });
    }
    return { content: [] };
  });
  mcp.registerTool('wait', { inputSchema: { name: z.string() } }, async ({ name }, { signal, sendNotification }) => {
    await sendNotification({ method: 'notifications/message', params: { level: 'error', data: 'begun' } });
    await once(signal, 'abort');
    cancelled.push(name);
    return { content: [] };
  });
  mcp.registerTool('change-tools', { inputSchema: {} }, () => {
    mcp.sendToolListChanged();
    return { content: [] };
  });
  mcp.registerTool('large-number', { inputSchema: {} }, () => ({ content: [], _meta: { n: Number.MAX_SAFE_INTEGER } }));
  return mcp;
}
