import { API_VERSION, AppError, MCPAccessGrant, MCPAgentSession, MCPServer } from '@mcp-runtime/api';
import { type ResourceType } from '@mcp-runtime/kube';
import { type z } from 'zod';

/** The three kinds as a resource store sees them. */
export const SERVERS: ResourceType<MCPServer> = resourceType('MCPServer', 'mcpservers', MCPServer);
export const GRANTS: ResourceType<MCPAccessGrant> = resourceType('MCPAccessGrant', 'mcpaccessgrants', MCPAccessGrant);
export const SESSIONS: ResourceType<MCPAgentSession> = resourceType(
  'MCPAgentSession',
  'mcpagentsessions',
  MCPAgentSession,
);

function resourceType<T>(kind: string, plural: string, schema: z.ZodType<T>): ResourceType<T> {
  return {
    apiVersion: API_VERSION,
    kind,
    plural,
    namespaced: true,
    parse: (value) => {
      const parsed = schema.safeParse(value);
      if (parsed.success) return parsed.data;
      const issues = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
      throw new AppError('invalid_resource', `${kind}: ${issues.join('; ')}`);
    },
  };
}
