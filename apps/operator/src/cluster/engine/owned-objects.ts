import { ANNOTATIONS, LABELS, type ObjectKey, keyText } from '@mcp-runtime/api';
import { workloadName } from '@mcp-runtime/delivery';
import { type KubeObject, type StateChange } from '@mcp-runtime/kube';
import { idOf } from './kinds.ts';

/** The objects that carry the label of a server, by that server. */
export interface OwnedObjects {
  /** Returns the servers that the change is about. */
  take(change: StateChange<KubeObject>): readonly ObjectKey[];
  of(server: ObjectKey): readonly KubeObject[];
  get(id: string): KubeObject | undefined;
  /** Servers that have objects, whether they are still there or not. */
  servers(): readonly ObjectKey[];
}

interface Group {
  readonly server: ObjectKey;
  readonly objects: Map<string, KubeObject>;
}

export function createOwnedObjects(): OwnedObjects {
  const groups = new Map<string, Group>();
  const placeOf = new Map<string, string>();
  const byId = new Map<string, KubeObject>();

  function forget(id: string): readonly ObjectKey[] {
    const place = placeOf.get(id);
    const group = place === undefined ? undefined : groups.get(place);
    byId.delete(id);
    placeOf.delete(id);
    if (place === undefined || group === undefined) return [];
    group.objects.delete(id);
    if (group.objects.size === 0) groups.delete(place);
    return [group.server];
  }

  return {
    take: ({ type, object }) => {
      const id = idOf(object);
      const left = forget(id);
      if (type === 'deleted') return left;
      byId.set(id, object);
      const server = serverOf(object);
      if (server === undefined) return left;
      const place = keyText(server);
      const group = groups.get(place) ?? { server, objects: new Map<string, KubeObject>() };
      group.objects.set(id, object);
      groups.set(place, group);
      placeOf.set(id, place);
      return [server, ...left.filter((key) => keyText(key) !== place)];
    },
    of: (server) => [...(groups.get(keyText(server))?.objects.values() ?? [])],
    get: (id) => byId.get(id),
    servers: () => [...groups.values()].map(({ server }) => server),
  };
}

/** An owner is named in full; a label may hold no more than a part of the name, and then an annotation has all of it. */
export function serverOf({ metadata }: KubeObject): ObjectKey | undefined {
  const owner = metadata.ownerReferences?.find(({ kind, controller }) => kind === 'MCPServer' && controller === true);
  if (owner !== undefined) return { namespace: metadata.namespace, name: owner.name };
  const label = metadata.labels?.[LABELS.server];
  if (label === undefined) return undefined;
  const namespace = metadata.labels?.[LABELS.serverNamespace] ?? metadata.namespace;
  return { namespace, name: fullName(metadata, namespace, label) };
}

/** Whatever does not agree with the label was not written by us. */
function fullName({ annotations }: KubeObject['metadata'], namespace: string, label: string): string {
  const prefix = `${namespace}/`;
  const told = annotations?.[ANNOTATIONS.server] ?? '';
  const name = told.startsWith(prefix) ? told.slice(prefix.length) : '';
  return workloadName(name) === label ? name : label;
}
