import { type MCPAccessGrant, type MCPAgentSession, type MCPServer, keyText } from '@mcp-runtime/api';
import { isAdmitted } from '@mcp-runtime/policy';
import { type World } from './world.ts';

type AccessObject = MCPAccessGrant | MCPAgentSession;

export function serverOf(object: AccessObject, world: World): MCPServer | undefined {
  const { name, namespace = object.metadata.namespace } = object.spec.serverRef;
  return world.server({ namespace, name });
}

export function referenceWarnings(object: AccessObject, server: MCPServer | undefined): readonly string[] {
  const { name, namespace = object.metadata.namespace } = object.spec.serverRef;
  const key = keyText({ namespace, name });
  const isOwn = namespace === object.metadata.namespace;
  // Of another namespace nothing is told that its server does not tell everybody: whether it admits.
  if (server === undefined && isOwn) return [`spec.serverRef: there is no server \`${key}\` yet`];
  if (isOwn || (server !== undefined && isAdmitted(object, server))) return [];
  return [
    `spec.serverRef: counts for nothing unless \`${key}\` names \`${object.metadata.namespace}\` in its \`spec.access.namespaces\``,
  ];
}
