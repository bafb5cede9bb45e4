// A server of both eras, made with the published SDK.
import { McpServer } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';

serveStdio(({ era }) => {
  const server = new McpServer({ name: 'dual', version: '1' });
  server.registerTool('era', { inputSchema: z.object({ value: z.string() }) }, async ({ value }) => ({
    content: [{ type: 'text', text: `${era} ${process.pid} ${value}` }],
  }));
  server.registerTool('grow', { inputSchema: z.object({}) }, async () => {
    server.registerTool('new', { inputSchema: z.object({}) }, async () => ({ content: [] }));
    return { content: [] };
  });
  return server;
});
