import { LABELS, type ObjectKey, PARTS } from '@mcp-runtime/api';
import { z } from 'zod';

/** Keys in the data of a policy ConfigMap. */
export const KEYS = {
  route: 'route.json',
  plain: 'policy.json',
  /** In `binaryData`: the document compressed, or this ConfigMap's part of it. */
  compressed: 'policy.json.gz',
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

/** Name of the first ConfigMap of a server's policy; part 2 has `-2` behind it, and so on. */
export function policyName(server: string, part = 1): string {
  return part === 1 ? `${server}${SUFFIX}` : `${server}${SUFFIX}-${part}`;
}

/** The server and the part of its policy that a ConfigMap is for, by its name; undefined for one that is no policy. */
export function policyPartOf({
  namespace,
  name,
}: ObjectKey): { readonly server: ObjectKey; readonly part: number } | undefined {
  const [, server, part = '1'] = POLICY_NAME.exec(name) ?? [];
  return server === undefined ? undefined : { server: { namespace, name: server }, part: Number(part) };
}

const POLICY_NAME = /^(.+)-gateway-policy(?:-([2-9]|[1-9]\d))?$/;
const MAX_LABEL = 63;

/** Labels of the ConfigMaps of one server's policy. */
export function policyLabels({ name }: Pick<ObjectKey, 'name'>): Readonly<Record<string, string>> {
  return { [LABELS.part]: PARTS.policy, ...(name.length > MAX_LABEL ? {} : { [LABELS.server]: name }) };
}
