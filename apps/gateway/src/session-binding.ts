import { type Identity } from '@mcp-runtime/policy';

const MAX_BOUND = 100_000;

/**
 * Which caller opened which MCP session. An MCP session id is no credential (MCP 2025-11-25, "Security best practices"):
 * used by somebody else it is answered like one that does not exist.
 */
export interface SessionBindings {
  bind(path: string, sessionId: string, identity: Identity): void;
  isOf(path: string, sessionId: string, identity: Identity): boolean;
  forget(path: string, sessionId: string): void;
}

export function createSessionBindings(): SessionBindings {
  const owners = new Map<string, string>();
  return {
    bind: (path, sessionId, identity) => {
      if (owners.size >= MAX_BOUND) owners.delete(owners.keys().next().value ?? '');
      owners.set(keyOf(path, sessionId), principalOf(identity));
    },
    isOf: (path, sessionId, identity) => {
      const key = keyOf(path, sessionId);
      const owner = owners.get(key);
      if (owner === undefined || owner !== principalOf(identity)) return false;
      // Used again: the longest unused one is the first to be forgotten.
      owners.delete(key);
      owners.set(key, owner);
      return true;
    },
    forget: (path, sessionId) => void owners.delete(keyOf(path, sessionId)),
  };
}

function keyOf(path: string, sessionId: string): string {
  return `${path}\0${sessionId}`;
}

function principalOf({ human, agent, team }: Identity): string {
  return `${human}\0${agent}\0${team}`;
}
