import { once } from 'node:events';
import { createServer } from 'node:http';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import {
  McpServer,
  createMcpHandler,
  fromJsonSchema,
  inputRequired,
  inputResponse,
} from '@modelcontextprotocol/server';
import { listenOn } from '../../../packages/base/src/index.ts';
import { registerAskingTools } from '../../conformance/dual-era/asking-tools.ts';
import { registerContentTools, text } from '../../conformance/dual-era/content-tools.ts';
import { registerProgressTools } from '../../conformance/dual-era/progress-tools.ts';
import { registerPrompts } from '../../conformance/dual-era/prompts.ts';
import { registerResources } from '../../conformance/dual-era/resources.ts';
import { type ListChanges, registerChangeTools, registerSchemaTools } from '../../conformance/dual-era/schema-tools.ts';
import { STATE_CODEC } from '../../conformance/dual-era/state.ts';
import { sendResponse, toRequest } from '../../conformance/dual-era/web.ts';

/** A server that speaks MCP 2026-07-28 and nothing else, made with the published SDK. */
export interface ModernServer extends AsyncDisposable {
  readonly url: URL;
  readonly tools: readonly string[];
  /** Says that a resource has changed, or the list of tools. */
  readonly tell: ListChanges & { resourceUpdated(uri: string): void };
  /** Resolves once a call of `hang` has begun; the other once one was cancelled. */
  readonly hanging: { readonly begun: Promise<void>; readonly cancelled: Promise<void> };
  /** Lets `wait` answer. */
  release(): void;
  /** Ends every connection, as a crash would. */
  dropConnections(): void;
}

export const SIGN_IN_URL = 'https://example.com/sign-in';

export async function startModernServer(): Promise<ModernServer> {
  const begun = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();

  function createMcp(): McpServer {
    const mcp = new McpServer(
      { name: 'modern-only', version: '1.0.0' },
      {
        instructions: 'Ask before you write.',
        capabilities: {
          tools: { listChanged: true },
          resources: { subscribe: true, listChanged: true },
          prompts: { listChanged: true },
          logging: {},
          completions: {},
        },
        requestState: { verify: (state, ctx) => STATE_CODEC.verify(state, ctx) },
      },
    );
    registerContentTools(mcp);
    registerProgressTools(mcp);
    registerSchemaTools(mcp);
    registerChangeTools(mcp, handler.notify);
    registerAskingTools(mcp);
    registerPrompts(mcp);
    registerResources(mcp);
    mcp.registerTool('sign_in', { description: 'Sends the user to a page' }, (ctx) => {
      const given = inputResponse(ctx.mcpReq.inputResponses, 'page');
      if (given.kind === 'elicit') return { content: [text(`signed in: ${given.action}`)] };
      const page = inputRequired.elicitUrl({ message: 'Please sign in', url: SIGN_IN_URL });
      return inputRequired({ inputRequests: { page } });
    });
    mcp.registerTool('hang', { description: 'Never answers' }, async (ctx) => {
      begun.resolve();
      await once(ctx.mcpReq.signal, 'abort');
      cancelled.resolve();
      return { content: [] };
    });
    mcp.registerTool('wait', { description: 'Answers when it is let' }, async (ctx) => {
      const progressToken = ctx.mcpReq._meta?.progressToken ?? 0;
      await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: 1 } });
      begun.resolve();
      await released.promise;
      return { content: [text('waited')] };
    });
    mcp.registerTool(
      'list_numbers',
      {
        description: 'Structured content that is no object',
        outputSchema: fromJsonSchema({ type: 'array', items: { type: 'number' } }),
      },
      () => ({ content: [], structuredContent: [1, 2] }),
    );
    return mcp;
  }

  const handler = createMcpHandler(createMcp, { legacy: 'reject' });
  const server = createServer((incoming, outgoing) => {
    void handler.fetch(toRequest(incoming, outgoing)).then((response) => sendResponse(response, outgoing));
  });
  const port = await listenOn(server);
  const url = new URL(`http://127.0.0.1:${port}/mcp`);
  return {
    url,
    tools: await toolsOf(url),
    tell: handler.notify,
    hanging: { begun: begun.promise, cancelled: cancelled.promise },
    release: () => released.resolve(),
    dropConnections: () => server.closeAllConnections(),
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      released.resolve();
      await handler.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function toolsOf(url: URL): Promise<readonly string[]> {
  const client = new Client({ name: 'tests', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(url));
  const { tools } = await client.listTools();
  await client.close();
  return tools.map(({ name }) => name);
}
