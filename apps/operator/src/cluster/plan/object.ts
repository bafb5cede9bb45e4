import { LABELS, MANAGED_BY, type MCPServer } from '@mcp-runtime/api';
import { workloadName } from './names.ts';
import { refuse } from './refusal.ts';

/** Part of an object whose shape Kubernetes defines. */
export type Fields = Readonly<Record<string, unknown>>;

/** A server-side-apply configuration: the fields that we own, and no others. */
export interface DesiredObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly Fields[];
  };
  readonly [field: string]: unknown;
}

/** The label by which Kubernetes people select the pods of a thing. */
export const APP_LABEL = 'app';

/** Labels of everything that belongs to a server. */
export function serverLabels({ metadata }: MCPServer): Readonly<Record<string, string>> {
  const name = workloadName(metadata.name);
  return {
    [APP_LABEL]: name,
    [LABELS.managedBy]: MANAGED_BY,
    [LABELS.server]: name,
  };
}

/** Metadata of an object in the server's namespace, which ends with the server. */
export function ownedMetadata(server: MCPServer, suffix = ''): DesiredObject['metadata'] {
  const { name, namespace, uid } = server.metadata;
  if (uid === undefined) return refuse('invalid_resource', 'metadata.uid: is missing', 'plan servers of a store only');
  return {
    name: workloadName(name, suffix),
    namespace,
    labels: serverLabels(server),
    ownerReferences: [
      {
        apiVersion: server.apiVersion,
        kind: server.kind,
        name,
        uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  };
}

/** By kind, namespace and name. */
export function sorted(objects: readonly DesiredObject[]): readonly DesiredObject[] {
  const textOf = ({ kind, apiVersion, metadata }: DesiredObject): string =>
    [kind, apiVersion, metadata.namespace, metadata.name].join(' ');
  return objects.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
}
