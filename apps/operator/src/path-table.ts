import { type MCPServer, type ObjectKey, keyOf, keyText, resolveServer } from '@mcp-runtime/api';
import { type StateChange } from '@mcp-runtime/kube';
import { type Blocked } from './conditions.ts';

/** Which servers want which path. Two servers on one path would be one to callers: the older one has it. */
export interface PathTable {
  /** Returns the other servers on the paths that the server has left or come to: what they may have has changed. */
  take(change: StateChange<MCPServer>): readonly ObjectKey[];
  /** Why a server cannot have its path; undefined when it has. */
  conflict(server: MCPServer): Blocked | undefined;
}

export function createPathTable(): PathTable {
  const byPath = new Map<string, Map<string, MCPServer>>();
  const pathOf = new Map<string, string>();

  const at = (path: string): Map<string, MCPServer> => byPath.get(path) ?? new Map<string, MCPServer>();

  return {
    take: ({ type, object }) => {
      const id = keyText(keyOf(object));
      const before = pathOf.get(id);
      const now = type === 'deleted' ? undefined : resolveServer(object).publicPath;
      if (before !== undefined) {
        const left = at(before);
        left.delete(id);
        if (left.size === 0) byPath.delete(before);
      }
      if (now === undefined) pathOf.delete(id);
      else {
        pathOf.set(id, now);
        byPath.set(now, at(now).set(id, object));
      }
      if (before === now) return [];
      const others = [before, now].flatMap((path) => (path === undefined ? [] : [...at(path).values()]));
      return others.map(keyOf).filter((key) => keyText(key) !== id);
    },
    conflict: (server) => {
      const path = resolveServer(server).publicPath;
      const [owner] = [...at(path).values()].toSorted((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1));
      if (owner === undefined || keyText(keyOf(owner)) === keyText(keyOf(server))) return undefined;
      const holder = keyText(keyOf(owner));
      const message = `path \`${path}\` belongs to server \`${holder}\`; set \`spec.publicPathPrefix\` to another one`;
      return { reason: 'PathInUse', message };
    },
  };
}

/** Older servers sort first. */
export function rankOf({ metadata }: MCPServer): string {
  return `${metadata.creationTimestamp ?? ''} ${metadata.namespace}/${metadata.name}`;
}
