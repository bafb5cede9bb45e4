import { type MCPAgentSession } from '@mcp-runtime/api';
import { referenceWarnings, serverOf } from './references.ts';
import { type World } from './world.ts';

export function sessionWarnings(session: MCPAgentSession, world: World, now: number): readonly string[] {
  const { expiresAt } = session.spec;
  const isOver = expiresAt !== undefined && Date.parse(expiresAt) <= now;
  return [
    ...referenceWarnings(session, serverOf(session, world)),
    ...(isOver ? [`spec.expiresAt: \`${expiresAt}\` is past, so the session has ended`] : []),
  ];
}
