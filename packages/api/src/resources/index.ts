import { MCPAccessGrant } from './grant.ts';
import { MCPServer } from './server/server.ts';
import { MCPAgentSession } from './session.ts';

/** The kinds of the API group, by kind. */
export const RESOURCE_KINDS = {
  MCPServer: { kind: 'MCPServer', plural: 'mcpservers', singular: 'mcpserver', schema: MCPServer },
  MCPAccessGrant: {
    kind: 'MCPAccessGrant',
    plural: 'mcpaccessgrants',
    singular: 'mcpaccessgrant',
    schema: MCPAccessGrant,
  },
  MCPAgentSession: {
    kind: 'MCPAgentSession',
    plural: 'mcpagentsessions',
    singular: 'mcpagentsession',
    schema: MCPAgentSession,
  },
} as const;

export type ResourceKind = keyof typeof RESOURCE_KINDS;
export type Resource = MCPServer | MCPAccessGrant | MCPAgentSession;

export function isResourceKind(text: string): text is ResourceKind {
  return Object.hasOwn(RESOURCE_KINDS, text);
}
