import { type MCPAccessGrant, type MCPAgentSession, type ObjectKey, keyOf, keyText } from '@mcp-runtime/api';
import { type StateChange } from '@mcp-runtime/kube';

type AccessObject = MCPAccessGrant | MCPAgentSession;

/** Which grants and sessions name which server, kept as they change. */
export interface AccessIndex {
  /** Returns the servers that the change is about: the one that is named now, and the one that was named before. */
  take(change: StateChange<AccessObject>): readonly ObjectKey[];
  grantsOf(server: ObjectKey): readonly MCPAccessGrant[];
  sessionsOf(server: ObjectKey): readonly MCPAgentSession[];
}

interface Named {
  readonly grants: Map<string, MCPAccessGrant>;
  readonly sessions: Map<string, MCPAgentSession>;
}

export function createAccessIndex(): AccessIndex {
  const byServer = new Map<string, Named>();
  /** Which server an object named when it was last seen: it may have been changed to name another. */
  const namedBy = new Map<string, ObjectKey>();

  function forget(object: AccessObject, server: ObjectKey): void {
    const named = byServer.get(keyText(server));
    named?.[object.kind === 'MCPAccessGrant' ? 'grants' : 'sessions'].delete(keyText(keyOf(object)));
    if (named?.grants.size === 0 && named.sessions.size === 0) byServer.delete(keyText(server));
  }

  function enter(object: AccessObject, server: ObjectKey): void {
    const named = byServer.get(keyText(server)) ?? { grants: new Map(), sessions: new Map() };
    byServer.set(keyText(server), named);
    if (object.kind === 'MCPAccessGrant') named.grants.set(keyText(keyOf(object)), object);
    else named.sessions.set(keyText(keyOf(object)), object);
  }

  return {
    take: ({ type, object }) => {
      const id = `${object.kind}/${keyText(keyOf(object))}`;
      const before = namedBy.get(id);
      const now = serverNamedBy(object);
      if (before !== undefined) forget(object, before);
      if (type === 'deleted') namedBy.delete(id);
      else {
        namedBy.set(id, now);
        enter(object, now);
      }
      return before === undefined || keyText(before) === keyText(now) ? [now] : [now, before];
    },
    grantsOf: (server) => [...(byServer.get(keyText(server))?.grants.values() ?? [])],
    sessionsOf: (server) => [...(byServer.get(keyText(server))?.sessions.values() ?? [])],
  };
}

/** A name without a namespace is that of a neighbour. */
function serverNamedBy({ metadata, spec }: AccessObject): ObjectKey {
  return { namespace: spec.serverRef.namespace ?? metadata.namespace, name: spec.serverRef.name };
}
