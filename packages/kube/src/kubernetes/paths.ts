import { AppError, type ObjectKey } from '@mcp-runtime/api';
import { type KubeObject, type ResourceType } from '../port.ts';

type Type = ResourceType<KubeObject>;

/** Path of all objects of a kind, or of those in a namespace (Kubernetes docs, "API Concepts"). */
export function collectionPath(type: Type, namespace?: string): string {
  const root = type.apiVersion.includes('/') ? `/apis/${type.apiVersion}` : `/api/${type.apiVersion}`;
  const scope = namespace === undefined || !type.namespaced ? '' : `/namespaces/${segment(namespace)}`;
  return `${root}${scope}/${type.plural}`;
}

export function objectPath(type: Type, { namespace, name }: ObjectKey, subresource?: 'status'): string {
  const path = `${collectionPath(type, namespace)}/${segment(name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

interface Selection {
  readonly labels?: Readonly<Record<string, string>>;
  readonly name?: string;
}

/** Query of a list or a watch that is narrowed. */
export function selectionQuery({ labels = {}, name }: Selection): Record<string, string> {
  const selector = Object.entries(labels).map(([key, value]) => `${labelPart(key)}=${labelPart(value)}`);
  return {
    ...(selector.length > 0 && { labelSelector: selector.join(',') }),
    ...(name !== undefined && { fieldSelector: `metadata.name=${segment(name)}` }),
  };
}

export function withQuery(path: string, query: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(query).toString();
  return text === '' ? path : `${path}?${text}`;
}

/** What Kubernetes takes as a path segment (apimachinery, `IsValidPathSegmentName`). */
function segment(name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/%,=\\]/.test(name)) {
    throw new AppError('invalid_request', `\`${name}\` is no name of an object`);
  }
  return encodeURIComponent(name);
}

/** A selector is text, so what could say more than a key or a value never gets into one. */
function labelPart(text: string): string {
  if (!/^[\w./-]*$/.test(text)) throw new AppError('invalid_request', `\`${text}\` is no label`);
  return text;
}
