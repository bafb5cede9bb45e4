import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import {
  ANNOTATIONS,
  AppError,
  type GatewayPlacement,
  type GatewayRoute,
  LABELS,
  MANAGED_BY,
  type OwnerReference,
  type PolicyDocument,
} from '@mcp-runtime/api';
import { type ConfigMap } from '@mcp-runtime/kube';
import { KEYS, type Manifest, policyLabels, policyName } from './layout.ts';
import { fullNameAnnotations } from './names.ts';
import { type z } from 'zod';

export interface DeliveryInput {
  /** Stamped with its revision. */
  readonly document: PolicyDocument;
  readonly route: GatewayRoute;
  readonly placement: GatewayPlacement;
  /** What the server told of itself, as `packDefinitions` gives it. */
  readonly definitions?: string;
  /** Milliseconds since the epoch: when it was decided. */
  readonly publishedAt: number;
  readonly ownerReferences?: readonly OwnerReference[];
  /** More labels for each ConfigMap. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The ConfigMaps as they are: where they hold the same, the time of their publication stays, so nothing is written. */
  readonly previous?: readonly ConfigMap[];
  readonly sizes?: Partial<Sizes>;
}

/** Bytes. */
interface Sizes {
  /** Longest document that is delivered as plain JSON. */
  readonly plain: number;
  /** Most of a document in one ConfigMap. The API server takes 1 MiB of data, the route and the manifest included. */
  readonly part: number;
}

const DEFAULT_SIZES: Sizes = { plain: 256 * 1024, part: 896 * 1024 };
const MAX_PARTS = 64;

/**
 * The ConfigMaps of one server's policy, in the order in which they are to be applied: the first of them, which says what
 * belongs to it, comes last. Those that the server had before and that are not among these may be removed after that.
 * @throws AppError `invalid_resource` for a document that does not fit into 64 ConfigMaps: it is never cut.
 */
export function encodeDelivery(input: DeliveryInput): readonly ConfigMap[] {
  const sizes = { ...DEFAULT_SIZES, ...input.sizes };
  // When it was rendered says nothing about what it holds, and would be another text every time.
  const { generated_at: _, ...document } = input.document;
  const text = JSON.stringify(document);
  if (Buffer.byteLength(text) <= sizes.plain) return [head(input, { data: { [KEYS.plain]: text } })];
  const compressed = gzipSync(text);
  if (compressed.length <= sizes.part) return [head(input, { binaryData: { [KEYS.compressed]: base64(compressed) } })];
  return inParts(input, compressed, sizes.part);
}

function inParts(input: DeliveryInput, compressed: Buffer, size: number): readonly ConfigMap[] {
  const parts = Math.ceil(compressed.length / size);
  if (parts > MAX_PARTS) {
    throw new AppError(
      'invalid_resource',
      `the policy of \`${input.route.server.name}\` has ${compressed.length} bytes compressed, more than ${MAX_PARTS} ConfigMaps hold`,
      { next: 'remove sessions that have ended, or split the server' },
    );
  }
  const digest = `sha256:${createHash('sha256').update(compressed).digest('hex')}`;
  const manifest: z.infer<typeof Manifest> = { schema_version: 'v1', parts, digest };
  const partOf = (index: number): Contents => ({
    binaryData: { [KEYS.compressed]: base64(compressed.subarray(index * size, (index + 1) * size)) },
    set: digest,
  });
  const others = Array.from({ length: parts - 1 }, (_, index) => configMap(input, index + 2, partOf(index + 1)));
  return [...others, head(input, { ...partOf(0), data: { [KEYS.manifest]: JSON.stringify(manifest) } })];
}

interface Contents {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
  /** Digest of the set that this is a part of. */
  readonly set?: string;
}

function head(input: DeliveryInput, contents: Contents): ConfigMap {
  const { definitions } = input;
  const binaryData =
    definitions === undefined ? contents.binaryData : { ...contents.binaryData, [KEYS.definitions]: definitions };
  const made = configMap(input, 1, {
    ...contents,
    ...(binaryData === undefined ? {} : { binaryData }),
    data: { ...contents.data, [KEYS.route]: JSON.stringify(input.route) },
  });
  const before = input.previous?.find(({ metadata }) => metadata.name === made.metadata.name);
  const publishedAt =
    before !== undefined && holdsSame(before, made)
      ? before.metadata.annotations?.[ANNOTATIONS.publishedAt]
      : new Date(input.publishedAt).toISOString();
  if (publishedAt === undefined) return made;
  const annotations = { ...made.metadata.annotations, [ANNOTATIONS.publishedAt]: publishedAt };
  return { ...made, metadata: { ...made.metadata, annotations } };
}

function holdsSame(before: ConfigMap, after: ConfigMap): boolean {
  return Object.values(KEYS).every(
    (key) => before.data?.[key] === after.data?.[key] && before.binaryData?.[key] === after.binaryData?.[key],
  );
}

function configMap(input: DeliveryInput, part: number, { data, binaryData, set }: Contents): ConfigMap {
  const { server } = input.route;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: policyName(server.name, part),
      namespace: server.namespace,
      labels: {
        ...policyLabels(server),
        [LABELS.managedBy]: MANAGED_BY,
        ...input.labels,
        [LABELS.gateway]: input.placement,
      },
      annotations: {
        ...fullNameAnnotations(server),
        [ANNOTATIONS.policyRevision]: input.document.revision,
        ...(set === undefined ? {} : { [ANNOTATIONS.policySet]: set }),
      },
      ...(input.ownerReferences === undefined ? {} : { ownerReferences: [...input.ownerReferences] }),
    },
    ...(data === undefined ? {} : { data }),
    ...(binaryData === undefined ? {} : { binaryData }),
  };
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64');
}
