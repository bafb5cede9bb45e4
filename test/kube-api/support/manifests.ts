import { randomBytes } from 'node:crypto';
import { parseAllDocuments } from 'yaml';
import { CLUSTER } from '../../../packages/api/src/index.ts';
import { type renderParts } from '../../../scripts/generate/install/render.ts';

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly annotations?: object };
  readonly spec?: { readonly template?: { readonly metadata: object; readonly spec: object } } & object;
  /** Of a ConfigMap. */
  readonly data?: Readonly<Record<string, string>>;
}

/** Installed under another name, so that an installation of this cluster stays as it is. */
export const NAME = `mcpr-${randomBytes(3).toString('hex')}`;
export const APPLY = ['apply', '--server-side', '--force-conflicts', '--field-manager=tests', '-f', '-'];
export const DRY_RUN = [...APPLY, '--dry-run=server'];

export function objectsOf(parts: ReturnType<typeof renderParts>): readonly KubeObject[] {
  return JSON.parse(JSON.stringify(parts.flatMap(({ objects }) => objects)));
}

/** A pod as a Deployment would make it. */
export function podOf({ kind, metadata, spec: { template } = {} }: KubeObject): readonly KubeObject[] {
  if (kind !== 'Deployment' || template === undefined) return [];
  return [{ apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, ...template.metadata }, spec: template.spec }];
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
