import { randomBytes } from 'node:crypto';
import { parseAllDocuments } from 'yaml';
import { CLUSTER } from '../../../packages/api/src/index.ts';
import { type renderParts } from '../../../scripts/generate/install/render.ts';

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly annotations?: object };
  readonly spec?: PodMaker & object;
  /** Of a ConfigMap. */
  readonly data?: Readonly<Record<string, string>>;
}

interface PodMaker {
  readonly template?: {
    readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
    readonly spec: { readonly volumes?: readonly object[] };
  };
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
}

/** Installed under another name, so that an installation of this cluster stays as it is. */
export const NAME = `mcpr-${randomBytes(3).toString('hex')}`;
export const APPLY = ['apply', '--server-side', '--force-conflicts', '--field-manager=tests', '-f', '-'];
export const DRY_RUN = [...APPLY, '--dry-run=server'];

export function objectsOf(parts: ReturnType<typeof renderParts>): readonly KubeObject[] {
  return JSON.parse(JSON.stringify(parts.flatMap(({ objects }) => objects)));
}

/** A pod as a Deployment or a StatefulSet would make it. */
export function podOf({
  kind,
  metadata,
  spec: { template, volumeClaimTemplates = [] } = {},
}: KubeObject): readonly KubeObject[] {
  if ((kind !== 'Deployment' && kind !== 'StatefulSet') || template === undefined) return [];
  const claims = volumeClaimTemplates.map(({ metadata: { name } }) => ({
    name,
    persistentVolumeClaim: { claimName: `${name}-0` },
  }));
  const spec = { ...template.spec, volumes: [...(template.spec.volumes ?? []), ...claims] };
  return [{ apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, ...template.metadata }, spec }];
}

export function parsed(text: string): readonly KubeObject[] {
  return parseAllDocuments(text).map((document) => document.toJS());
}

export function textOf(objects: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
}

export function byIdentity<T extends Pick<KubeObject, 'kind' | 'metadata'>>(
  objects: readonly T[],
): Readonly<Record<string, T>> {
  return Object.fromEntries(
    objects.map(
      (object) => [`${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`, object] as const,
    ),
  );
}

export function renamed(objects: readonly KubeObject[]): readonly KubeObject[] {
  return objects.map((object) => JSON.parse(rename(JSON.stringify(object))));
}

export function rename(text: string): string {
  return text.replaceAll(CLUSTER.namespace, NAME);
}
