import { type MCPServer, type ObjectKey, keyOf, keyText } from '@mcp-runtime/api';
import { type KubeObject, type StateChange } from '@mcp-runtime/kube';
import { type Blocked } from '../../conditions.ts';
import { rankOf } from '../../path-table.ts';
import { workloadName } from '../plan/names.ts';
import { type CanaryName } from '../rollout/versions.ts';

/**
 * Which servers want which names for their Deployments and Services: the canary of `files` and a server `files-canary` want
 * the same one. Who runs under it already keeps it; of two that do not, the older one has it.
 */
export interface NameTable {
  /** Returns the other servers that want a name which the server has left or come to. */
  take(change: StateChange<MCPServer>): readonly ObjectKey[];
  /** The servers that want the name of an object. */
  claimants(object: Pick<KubeObject, 'metadata'>): readonly ObjectKey[];
  /** Why a server cannot have its own name; undefined when it has. */
  conflict(server: MCPServer): Blocked | undefined;
  canaryName(server: MCPServer): CanaryName;
  /** Why its canary cannot have its name. */
  canaryConflict(server: MCPServer): Blocked | undefined;
}

/** `ownerOf` gives the server that has a Deployment of that name. */
export function createNameTable(ownerOf: (deployment: ObjectKey) => ObjectKey | undefined): NameTable {
  const byName = new Map<string, Map<string, MCPServer>>();
  const namesOf = new Map<string, readonly string[]>();

  function leave(id: string, name: string): void {
    const claims = byName.get(name);
    claims?.delete(id);
    if (claims?.size === 0) byName.delete(name);
  }

  function holderOf(name: ObjectKey): ObjectKey | undefined {
    const [oldest] = [...(byName.get(keyText(name))?.values() ?? [])].toSorted((a, b) =>
      rankOf(a) < rankOf(b) ? -1 : 1,
    );
    return ownerOf(name) ?? (oldest === undefined ? undefined : keyOf(oldest));
  }

  function conflictOver(server: MCPServer, suffix: string, next: string): Blocked | undefined {
    const name = nameOf(server, suffix);
    const holder = holderOf(name);
    if (holder === undefined || keyText(holder) === keyText(keyOf(server))) return undefined;
    return {
      reason: 'NameInUse',
      message: `Deployment \`${name.name}\` belongs to server \`${keyText(holder)}\`; ${next}`,
    };
  }

  const canaryConflict = (server: MCPServer): Blocked | undefined =>
    server.spec.rollout?.strategy === 'Canary'
      ? conflictOver(server, CANARY, 'rename one of the two for a canary')
      : undefined;

  return {
    take: ({ type, object }) => {
      const id = keyText(keyOf(object));
      const before = namesOf.get(id) ?? [];
      const now = type === 'deleted' ? [] : claimsOf(object).map(keyText);
      for (const name of before) leave(id, name);
      for (const name of now) byName.set(name, (byName.get(name) ?? new Map<string, MCPServer>()).set(id, object));
      if (now.length === 0) namesOf.delete(id);
      else namesOf.set(id, now);
      if (before.join() === now.join()) return [];
      const others = [...before, ...now].flatMap((name) => [...(byName.get(name)?.values() ?? [])]);
      return others.map(keyOf).filter((key) => keyText(key) !== id);
    },
    claimants: ({ metadata }) => [...(byName.get(keyText(metadata))?.values() ?? [])].map(keyOf),
    conflict: (server) => (runsHere(server) ? conflictOver(server, '', 'rename one of the two') : undefined),
    canaryName: (server) => (canaryConflict(server) === undefined ? 'free' : 'taken'),
    canaryConflict,
  };
}

const CANARY = '-canary';

function nameOf({ metadata }: MCPServer, suffix: string): ObjectKey {
  return { namespace: metadata.namespace, name: workloadName(metadata.name, suffix) };
}

function claimsOf(server: MCPServer): readonly ObjectKey[] {
  if (!runsHere(server)) return [];
  const own = nameOf(server, '');
  return server.spec.rollout?.strategy === 'Canary' ? [own, nameOf(server, CANARY)] : [own];
}

function runsHere({ spec }: MCPServer): boolean {
  return spec.source?.url === undefined;
}
