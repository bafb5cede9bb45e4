import { ANNOTATIONS, LABELS, type ObjectKey, PARTS } from '@mcp-runtime/api';
import { type ConfigMap } from '@mcp-runtime/kube';
import { z } from 'zod';
import { shortened, workloadName } from './names.ts';

/** Keys in the data of a policy ConfigMap. */
export const KEYS = {
  route: 'route.json',
  plain: 'policy.json',
  /** In `binaryData`: the document compressed, or this ConfigMap's part of it. */
  compressed: 'policy.json.gz',
  /** In `binaryData` of the first: what a server that may sleep told of itself, compressed. */
  definitions: 'definitions.json.gz',
  /** Only where a document is in several ConfigMaps; in the first of them. */
  manifest: 'manifest.json',
} as const;

/** What belongs together when a document is in several ConfigMaps. */
export const Manifest = z.object({
  schema_version: z.literal('v1'),
  /** How many ConfigMaps, the first one included. */
  parts: z.int().min(2).max(64),
  /** `sha256:` and the digest of the compressed document. */
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
});

const SUFFIX = '-gateway-policy';
/** Of the longest part of a name that comes behind that of the server, and of the name of an object. */
const MAX_TAIL = `${SUFFIX}-64`.length;
const MAX_NAME = 253;

/** Name of the first ConfigMap of a server's policy; part 2 has `-2` behind it, and so on. */
export function policyName(server: string, part = 1): string {
  const room = MAX_NAME - MAX_TAIL;
  const head = server.length <= room ? server : shortened(server, server, '', room);
  return part === 1 ? `${head}${SUFFIX}` : `${head}${SUFFIX}-${part}`;
}

/** The server and the part of its policy that a ConfigMap is for; undefined for one that is no policy. */
export function policyPartOf({
  namespace,
  name,
  annotations = {},
}: ConfigMap['metadata']): { readonly server: ObjectKey; readonly part: number } | undefined {
  const [, head, text = '1'] = POLICY_NAME.exec(name) ?? [];
  if (head === undefined) return undefined;
  const part = Number(text);
  const prefix = `${namespace}/`;
  const told = annotations[ANNOTATIONS.server];
  const full = told?.startsWith(prefix) === true ? told.slice(prefix.length) : head;
  // What an annotation says counts only where the name agrees.
  return { server: { namespace, name: policyName(full, part) === name ? full : head }, part };
}

const POLICY_NAME = /^(.+)-gateway-policy(?:-([2-9]|[1-9]\d))?$/;

/** Labels of the ConfigMaps of one server's policy. */
export function policyLabels({ name }: Pick<ObjectKey, 'name'>): Readonly<Record<string, string>> {
  return { [LABELS.part]: PARTS.policy, [LABELS.server]: workloadName(name) };
}
