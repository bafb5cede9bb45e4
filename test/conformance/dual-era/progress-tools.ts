import { setTimeout as delay } from 'node:timers/promises';
import { type McpServer } from '@modelcontextprotocol/server';
import { text } from './content-tools.ts';

const STEP_MS = 50;
/** Time for a client to come back after its stream was closed. */
const RECONNECT_MS = 300;

/** Tools that say something before they answer. */
export function registerProgressTools(mcp: McpServer): void {
  mcp.registerTool('test_tool_with_logging', { description: 'Logs three times' }, async (ctx) => {
    const lines = ['Tool execution started', 'Tool processing data', 'Tool execution completed'];
    for (const line of lines) {
      await ctx.mcpReq.log('info', line);
      await delay(STEP_MS);
    }
    return { content: [text('logged')] };
  });
  mcp.registerTool('test_logging_tool', { description: 'Logs once, for those who asked for it' }, async (ctx) => {
    await ctx.mcpReq.log('info', 'a line');
    return { content: [text('logged')] };
  });
  mcp.registerTool('test_tool_with_progress', { description: 'Tells its progress three times' }, async (ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) {
        const params = { progressToken, progress, total: 100 };
        await ctx.mcpReq.notify({ method: 'notifications/progress', params });
      }
      await delay(STEP_MS);
    }
    return { content: [text('done')] };
  });
  mcp.registerTool('test_reconnection', { description: 'Closes its stream before it answers' }, async (ctx) => {
    ctx.http?.closeSSE?.();
    await delay(RECONNECT_MS);
    return { content: [text('answered after the stream was closed')] };
  });
}
