import { once } from 'node:events';
import { createServer } from 'node:http';
import {
  McpServer,
  createMcpHandler,
  hostHeaderValidationResponse,
  isLegacyRequest,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  originValidationResponse,
} from '@modelcontextprotocol/server';
import { listenOn } from '../../../packages/base/src/index.ts';
import { type Subject } from '../subject.ts';
import { registerAskingTools } from './asking-tools.ts';
import { registerContentTools } from './content-tools.ts';
import { registerProgressTools } from './progress-tools.ts';
import { registerPrompts } from './prompts.ts';
import { registerResources } from './resources.ts';
import { type ListChanges, registerSchemaTools, registerChangeTools } from './schema-tools.ts';
import { STATE_CODEC } from './state.ts';
import { createLegacySessions } from './sessions.ts';
import { registerTaskTools } from './task-tools.ts';
import { type Tasks, createTasks } from './tasks.ts';
import { TASKS_EXTENSION, refusedByTasks } from './task-gate.ts';
import { sendResponse, toRequest } from './web.ts';

/** A server of both eras, made with the published SDK, that has all that the conformance suite asks a server for. */
export async function startDualEraServer(): Promise<Subject> {
  const tasks = createTasks();
  const modern = createMcpHandler(() => createMcp(modern.notify, tasks), { legacy: 'reject' });
  const sessions = createLegacySessions(() => createMcp(modern.notify, tasks));
  const handle = async (request: Request): Promise<Response> => {
    const refused =
      hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
      originValidationResponse(request, localhostAllowedOrigins());
    if (refused !== undefined) return refused;
    if (await isLegacyRequest(request)) return sessions.handle(request);
    return (await refusedByTasks(request)) ?? modern.fetch(request);
  };
  const server = createServer((incoming, outgoing) => {
    void handle(toRequest(incoming, outgoing)).then((response) => sendResponse(response, outgoing));
  });
  const port = await listenOn(server);
  return {
    url: new URL(`http://127.0.0.1:${port}/mcp`),
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      await sessions.close();
      await modern.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function createMcp(changes: ListChanges, tasks: Tasks): McpServer {
  const mcp = new McpServer(
    { name: 'dual-era', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        prompts: { listChanged: true },
        logging: {},
        completions: {},
        extensions: { [TASKS_EXTENSION]: {} },
      },
      requestState: { verify: (state, ctx) => STATE_CODEC.verify(state, ctx) },
    },
  );
  registerContentTools(mcp);
  registerProgressTools(mcp);
  registerSchemaTools(mcp);
  registerChangeTools(mcp, changes);
  registerAskingTools(mcp);
  registerTaskTools(mcp, tasks);
  registerPrompts(mcp);
  registerResources(mcp);
  return mcp;
}
