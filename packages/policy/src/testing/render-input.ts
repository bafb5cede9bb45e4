import { MCPAccessGrant, MCPAgentSession, MCPServer } from '@mcp-runtime/api';
import { z } from 'zod';
import { type RenderInput } from '../render.ts';

const Input = z.strictObject({
  server: MCPServer,
  grants: z.array(MCPAccessGrant),
  sessions: z.array(MCPAgentSession),
  cluster: z.string().optional(),
  generatedAt: z.string().optional(),
});

/** Resources with their defaults, as a store of resources hands them out. */
export function readRenderInput(value: unknown): RenderInput {
  const { cluster, generatedAt, ...resources } = Input.parse(value);
  return { ...resources, ...(cluster && { cluster }), ...(generatedAt && { generatedAt }) };
}
