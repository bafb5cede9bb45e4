import { ANNOTATIONS, FIELD_MANAGERS, type ObjectKey, keyOf, keyText } from '@mcp-runtime/api';
import {
  type KubeObject,
  LIMIT_RANGES,
  NAMESPACES,
  NETWORK_POLICIES,
  RESOURCE_QUOTAS,
  ROLE_BINDINGS,
  type ResourceClient,
  type ResourceType,
} from '@mcp-runtime/kube';
import { type DesiredObject } from '../plan/index.ts';
import { contains } from './compare.ts';
import { type TenantPlan } from './plan.ts';

/** Kinds that namespaces of teams are furnished with. */
export const FURNITURE_KINDS: readonly ResourceType<KubeObject>[] = [
  LIMIT_RANGES,
  NETWORK_POLICIES,
  RESOURCE_QUOTAS,
  ROLE_BINDINGS,
];

/** Of one namespace: what is labelled as furniture, as it was last seen. */
export type Furnished = readonly KubeObject[];

const AS = { fieldManager: FIELD_MANAGERS.tenancy, force: 'force' } as const;

/** Makes a namespace as planned. Writes only what differs, and never what a person wants kept. */
export async function furnish(
  client: ResourceClient,
  namespace: KubeObject,
  { labels, objects }: TenantPlan,
  furnished: Furnished,
): Promise<void> {
  if (!isKept(namespace) && !contains(namespace.metadata.labels ?? {}, labels)) {
    const { apiVersion, kind, metadata } = namespace;
    await client.apply(NAMESPACES, { apiVersion, kind, metadata: { name: metadata.name, namespace: '', labels } }, AS);
  }
  const live = new Map(furnished.map((object) => [idOf(object), object]));
  for (const wanted of objects) await place(client, wanted, live.get(idOf(wanted)));
  const ids = new Set(objects.map(idOf));
  for (const object of furnished.filter((one) => !ids.has(idOf(one)) && !isKept(one))) {
    await client.delete(typeOf(object), keyOf(object), uidOf(object));
  }
}

async function place(client: ResourceClient, wanted: DesiredObject, seen: KubeObject | undefined): Promise<void> {
  // One that was there before, or that lost its labels, is not among what was seen.
  const live = seen ?? (await client.get(typeOf(wanted), wanted.metadata));
  if (live !== undefined && (isKept(live) || contains(live, wanted))) return;
  await client.apply(typeOf(wanted), wanted, AS);
}

function isKept({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[ANNOTATIONS.keep] === 'true';
}

function uidOf({ metadata }: KubeObject): { readonly uid?: string } {
  return metadata.uid === undefined ? {} : { uid: metadata.uid };
}

function typeOf({ kind }: { readonly kind: string }): ResourceType<KubeObject> {
  const type = FURNITURE_KINDS.find((candidate) => candidate.kind === kind);
  if (type === undefined) throw new Error(`\`${kind}\` is no kind of furniture`);
  return type;
}

function idOf({ kind, metadata }: { readonly kind: string; readonly metadata: ObjectKey }): string {
  return `${kind}/${keyText(metadata)}`;
}
