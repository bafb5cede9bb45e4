import { type Secret } from '@mcp-runtime/base';

/** What a policy document names by `secretName/key`, in the namespace of its server. */
export interface SecretRef {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

/** Undefined when there is no such secret. Asked whenever one is needed, so a new value counts at once. */
export type ReadSecret = (ref: SecretRef) => Promise<Secret | undefined>;

export function secretRefOf(namespace: string, text: string): SecretRef {
  const slash = text.indexOf('/');
  return { namespace, name: text.slice(0, slash), key: text.slice(slash + 1) };
}
