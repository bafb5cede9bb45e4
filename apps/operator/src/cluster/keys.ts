import { randomBytes } from 'node:crypto';
import { AppError, CLUSTER, LABELS, MANAGED_BY, FIELD_MANAGERS, type ObjectKey, asAppError } from '@mcp-runtime/api';
import { type Clock } from '@mcp-runtime/base';
import { type KeyRing, type KeyStorage, openKeyRing } from '@mcp-runtime/control-plane';
import { type ResourceClient, SECRETS, type Secret } from '@mcp-runtime/kube';

const SESSION_KEY_BYTES = 32;
const WRITER = { fieldManager: FIELD_MANAGERS.operator } as const;

export interface ClusterKeys {
  /** Signs tokens. */
  readonly ring: KeyRing;
  /** Seal ids of MCP sessions: 32 bytes in base64url, one key a line, the newest first. */
  readonly sessionKeys: string;
}

/**
 * The keys of the installation. Each is made at the first start, in a Secret of its own, and never replaced by another start;
 * the public keys follow the ring. Rejects with `data_corrupt` when a Secret holds none.
 */
export async function openClusterKeys(client: ResourceClient, namespace: string, clock: Clock): Promise<ClusterKeys> {
  const sessionKeys = await openSessionKeys(client, namespace);
  const ring = await openKeyRing(secretStorage(client, namespace, CLUSTER.signingKey), clock);
  await publishKeys(client, namespace, ring);
  return { ring, sessionKeys };
}

async function openSessionKeys(client: ResourceClient, namespace: string): Promise<string> {
  const storage = secretStorage(client, namespace, CLUSTER.sessionKeys);
  const known = await storage.read();
  if (known !== undefined) return known;
  const made = `${randomBytes(SESSION_KEY_BYTES).toString('base64url')}\n`;
  await storage.write(made);
  return made;
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

/** One key of a Secret. A Secret that exists is never taken over by a start that has not read it. */
function secretStorage(
  client: ResourceClient,
  namespace: string,
  { secret: name, key }: { readonly secret: string; readonly key: string },
): KeyStorage {
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
    write: async (text) => {
      const data = { ...known?.data, [key]: Buffer.from(text, 'utf8').toString('base64') };
      known =
        known === undefined
          ? await create(client, { metadata: { ...at, labels: { [LABELS.managedBy]: MANAGED_BY } }, data })
          : await client.update(SECRETS, { ...known, data }, WRITER);
    },
  };
}

async function create(client: ResourceClient, body: Pick<Secret, 'metadata' | 'data'>): Promise<Secret> {
  try {
    return await client.create(SECRETS, { apiVersion: 'v1', kind: 'Secret', type: 'Opaque', ...body }, WRITER);
  } catch (cause) {
    if (asAppError(cause).code !== 'already_exists') throw cause;
    throw new AppError('conflict', `the Secret \`${body.metadata.name}\` was made meanwhile`, { cause });
  }
}
