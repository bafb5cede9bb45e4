import { randomBytes } from 'node:crypto';
import {
  ANNOTATIONS,
  AppError,
  CLUSTER,
  LABELS,
  MANAGED_BY,
  FIELD_MANAGERS,
  type ObjectKey,
  asAppError,
} from '@mcp-runtime/api';
import { type Clock } from '@mcp-runtime/base';
import { type KeyRing, type KeyStorage, type SigningKey, openKeyRing } from '@mcp-runtime/control-plane';
import { type ResourceClient, SECRETS, type Secret } from '@mcp-runtime/kube';

const SESSION_KEY_BYTES = 32;
const WRITER = { fieldManager: FIELD_MANAGERS.operator } as const;

/** Session keys that open what was sealed before the last rotations. */
const OLD_SESSION_KEYS = 3;
/** Gateways read a Secret that changed within this time: kubelets look once in a minute, and remember what they saw for another. */
export const SETTLE_MS = 180_000;

export interface ClusterKeys {
  /** Signs tokens. */
  readonly ring: KeyRing;
  /** Seal ids of MCP sessions: 32 bytes in base64url, one key a line: the first seals, all open. */
  readonly sessionKeys: string;
  /** The key that signed until just now: gateways know it already, and the one of the ring soon. */
  readonly replaced?: SigningKey;
}

/**
 * The keys of the installation. Each is made at the first start, in a Secret of its own, and never replaced by another start; the
 * public keys follow the ring. A Secret with the annotation `rotate` gets another key: those before it still verify and open.
 * Rejects with `data_corrupt` when a Secret holds none.
 */
export async function openClusterKeys(client: ResourceClient, namespace: string, clock: Clock): Promise<ClusterKeys> {
  const sessionKeys = await openSessionKeys(client, namespace, clock);
  const storage = secretStorage(client, namespace, CLUSTER.signingKey);
  const ring = await openKeyRing(storage, clock);
  const replaced = storage.annotation(ANNOTATIONS.rotate) === undefined ? undefined : await rotate(ring);
  await publishKeys(client, namespace, ring);
  return { ring, sessionKeys, ...(replaced === undefined ? {} : { replaced }) };
}

/** Undefined while too many keys wait for their tokens to end: then it is asked for until it can be done. */
async function rotate(ring: KeyRing): Promise<SigningKey | undefined> {
  const before = ring.signingKey();
  try {
    await ring.rotate({ algorithm: 'EdDSA', retire: 'after-tokens' });
    return before;
  } catch (error) {
    if (asAppError(error).code !== 'too_many_requests') throw error;
    return undefined;
  }
}

/** A new key opens before it seals, so that no gateway seals what another one cannot open. */
async function openSessionKeys(client: ResourceClient, namespace: string, clock: Clock): Promise<string> {
  const storage = secretStorage(client, namespace, CLUSTER.sessionKeys);
  const known = await storage.read();
  if (known === undefined) return await put(storage, [newSessionKey()]);
  const keys = known.split('\n').filter((line) => line.trim() !== '');
  const since = storage.annotation(ANNOTATIONS.rotatingSince);
  if (since !== undefined) {
    if (clock() - Date.parse(since) < SETTLE_MS) return known;
    return await put(storage, [...keys.slice(-1), ...keys.slice(0, -1).slice(0, OLD_SESSION_KEYS)]);
  }
  if (storage.annotation(ANNOTATIONS.rotate) === undefined) return known;
  return await put(storage, [...keys, newSessionKey()], {
    [ANNOTATIONS.rotatingSince]: new Date(clock()).toISOString(),
  });
}

async function put(
  storage: SecretStorage,
  keys: readonly string[],
  annotations: Readonly<Record<string, string>> = {},
): Promise<string> {
  const text = `${keys.join('\n')}\n`;
  await storage.write(text, annotations);
  return text;
}

function newSessionKey(): string {
  return randomBytes(SESSION_KEY_BYTES).toString('base64url');
}

/** What gateways verify session tokens with; written when it says something else than the ring. */
export async function publishKeys(
  client: ResourceClient,
  namespace: string,
  ring: Pick<KeyRing, 'publicKeys'>,
): Promise<void> {
  const storage = secretStorage(client, namespace, CLUSTER.tokenKeys);
  const text = `${JSON.stringify(ring.publicKeys())}\n`;
  if ((await storage.read()) !== text) await storage.write(text);
}

interface SecretStorage extends KeyStorage {
  /** Of the Secret as it was last read or written. */
  annotation(name: string): string | undefined;
  /** What was asked for is done with it; `annotations` say what is not yet. */
  write(text: string, annotations?: Readonly<Record<string, string>>): Promise<void>;
}

/** One key of a Secret. A Secret that exists is never taken over by a start that has not read it. */
function secretStorage(
  client: ResourceClient,
  namespace: string,
  { secret: name, key }: { readonly secret: string; readonly key: string },
): SecretStorage {
  const at: ObjectKey = { namespace, name };
  let known: Secret | undefined;
  return {
    place: `the Secret \`${namespace}/${name}\``,
    read: async () => {
      known = await client.get(SECRETS, at);
      if (known === undefined) return undefined;
      const encoded = known.data?.[key];
      if (encoded === undefined)
        throw new AppError('data_corrupt', `the Secret \`${namespace}/${name}\` has no key \`${key}\``, {
          next: 'restore it, or remove the Secret to get a new one (what was made with the old one stops working)',
        });
      return Buffer.from(encoded, 'base64').toString('utf8');
    },
    annotation: (name) => known?.metadata.annotations?.[name],
    write: async (text, annotations = {}) => {
      const data = { ...known?.data, [key]: Buffer.from(text, 'utf8').toString('base64') };
      known =
        known === undefined
          ? await create(client, { metadata: { ...at, labels: { [LABELS.managedBy]: MANAGED_BY } }, data })
          : await client.update(SECRETS, { ...known, metadata: marked(known, annotations), data }, WRITER);
    },
  };
}

function marked({ metadata }: Secret, marks: Readonly<Record<string, string>>): Secret['metadata'] {
  const { [ANNOTATIONS.rotate]: _, [ANNOTATIONS.rotatingSince]: __, ...annotations } = metadata.annotations ?? {};
  return { ...metadata, annotations: { ...annotations, ...marks } };
}

async function create(client: ResourceClient, body: Pick<Secret, 'metadata' | 'data'>): Promise<Secret> {
  try {
    return await client.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', ...body }, WRITER);
  } catch (cause) {
    if (asAppError(cause).code !== 'already_exists') throw cause;
    throw new AppError('conflict', `the Secret \`${body.metadata.name}\` was made meanwhile`, { cause });
  }
}
