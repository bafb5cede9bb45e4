import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import {
  ANNOTATIONS,
  GatewayRoute,
  type ObjectKey,
  type PolicyDocument,
  type ServerDefinitions,
  keyText,
} from '@mcp-runtime/api';
import { type ConfigMap } from '@mcp-runtime/kube';
import { parsePolicy } from '@mcp-runtime/policy';
import { unpackDefinitions } from './definitions.ts';
import { KEYS, Manifest, policyName } from './layout.ts';

/** What one server's ConfigMaps say. */
export interface Delivery {
  readonly document: PolicyDocument;
  readonly route: GatewayRoute;
  /** What a server that may sleep told of itself. */
  readonly definitions?: ServerDefinitions | undefined;
  /** Milliseconds since the epoch. */
  readonly publishedAt: number | undefined;
}

/** `incomplete`: parts of it are still to come. `invalid`: it will never be right as it is. */
export interface DeliveryFault {
  readonly reason: 'incomplete' | 'invalid';
  readonly message: string;
}

export type Decoded = ({ readonly ok: true } & Delivery) | { readonly ok: false; readonly fault: DeliveryFault };

/** As long as `parsePolicy` reads. */
const MAX_DOCUMENT_BYTES = 32 * 1024 * 1024;

/**
 * Reads the policy of a server from its ConfigMaps, in any order and with others among them. Whatever is not a whole set of
 * one revision, or is about another server, is a fault; then what was in force before goes on.
 */
export function decodeDelivery(server: ObjectKey, configMaps: readonly ConfigMap[]): Decoded {
  const mine = new Map(
    configMaps
      .filter(({ metadata }) => metadata.namespace === server.namespace)
      .map((one) => [one.metadata.name, one] as const),
  );
  const head = mine.get(policyName(server.name));
  if (head === undefined) return incomplete(`\`${policyName(server.name)}\` is not there`);
  const route = routeOf(head);
  if (typeof route === 'string') return invalid(`${KEYS.route}: ${route}`);
  const text = textOf(server, head, mine);
  if (typeof text !== 'string') return { ok: false, fault: text };
  const parsed = parsePolicy(text);
  if (!parsed.ok) return invalid(parsed.message);
  const { document } = parsed;
  for (const said of [document.server, route.server]) {
    if (said.name !== server.name || said.namespace !== server.namespace)
      return invalid(`it is about \`${said.namespace}/${said.name}\`, not \`${keyText(server)}\``);
  }
  const { annotations = {} } = head.metadata;
  if (annotations[ANNOTATIONS.policyRevision] !== document.revision)
    return invalid(`its annotation says revision \`${annotations[ANNOTATIONS.policyRevision]}\`, the document another`);
  const publishedAt = Date.parse(annotations[ANNOTATIONS.publishedAt] ?? '');
  const packed = packedDefinitions(head);
  return {
    ok: true,
    document,
    route,
    ...(packed === undefined ? {} : { definitions: unpackDefinitions(packed) }),
    publishedAt: Number.isNaN(publishedAt) ? undefined : publishedAt,
  };
}

/** What the ConfigMap that comes first holds of what the server told of itself. */
export function packedDefinitions({ binaryData }: ConfigMap): string | undefined {
  return binaryData?.[KEYS.definitions];
}

function routeOf({ data = {} }: ConfigMap): GatewayRoute | string {
  const value = jsonOf(data[KEYS.route]);
  if (value === undefined) return 'is missing or not JSON';
  const { data: route, error } = GatewayRoute.safeParse(value);
  return route ?? error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}

/** The text of the document. */
function textOf(server: ObjectKey, head: ConfigMap, mine: ReadonlyMap<string, ConfigMap>): string | DeliveryFault {
  const plain = head.data?.[KEYS.plain];
  if (plain !== undefined) return plain;
  const compressed = head.data?.[KEYS.manifest] === undefined ? partOf(head) : joined(server, head, mine);
  if (!Buffer.isBuffer(compressed)) return compressed;
  try {
    return gunzipSync(compressed, { maxOutputLength: MAX_DOCUMENT_BYTES }).toString('utf8');
  } catch (error) {
    return { reason: 'invalid', message: `${KEYS.compressed}: ${String(error)}` };
  }
}

function joined(server: ObjectKey, head: ConfigMap, mine: ReadonlyMap<string, ConfigMap>): Buffer | DeliveryFault {
  const { data: manifest } = Manifest.safeParse(jsonOf(head.data?.[KEYS.manifest]));
  if (manifest === undefined) return { reason: 'invalid', message: `${KEYS.manifest}: is not one` };
  const buffers: Buffer[] = [];
  for (let part = 1; part <= manifest.parts; part += 1) {
    const name = policyName(server.name, part);
    const one = mine.get(name);
    if (one?.metadata.annotations?.[ANNOTATIONS.policySet] !== manifest.digest)
      return { reason: 'incomplete', message: `\`${name}\` is not of the set that the first one names` };
    const bytes = partOf(one);
    if (!Buffer.isBuffer(bytes)) return bytes;
    buffers.push(bytes);
  }
  const whole = Buffer.concat(buffers);
  const digest = `sha256:${createHash('sha256').update(whole).digest('hex')}`;
  if (digest === manifest.digest) return whole;
  return {
    reason: 'invalid',
    message: `the parts have digest \`${digest}\`, the manifest says \`${manifest.digest}\``,
  };
}

/** How many ConfigMaps the first one says that there are. */
export function partsOf(head: ConfigMap): number {
  return Manifest.safeParse(jsonOf(head.data?.[KEYS.manifest])).data?.parts ?? 1;
}

function partOf({ metadata, binaryData = {} }: ConfigMap): Buffer | DeliveryFault {
  const text = binaryData[KEYS.compressed];
  if (text !== undefined) return Buffer.from(text, 'base64');
  return { reason: 'invalid', message: `\`${metadata.name}\` holds no policy` };
}

function jsonOf(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function incomplete(message: string): Decoded {
  return { ok: false, fault: { reason: 'incomplete', message } };
}

function invalid(message: string): Decoded {
  return { ok: false, fault: { reason: 'invalid', message } };
}
