import { type Clock, Secret } from '@mcp-runtime/base';
import { type ResourceClient, SECRETS } from '@mcp-runtime/kube';

interface SecretKey {
  readonly namespace: string;
  readonly name: string;
  readonly key: string;
}

interface Kept {
  readonly value: Promise<Secret | undefined>;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

const KEPT_MS = 10_000;
const MAX_KEPT = 10_000;

/**
 * Reads values of Secrets that policies name, each kept for ten seconds: by then a new value counts. A role beside each server
 * says which these may be. A failure is not kept.
 */
export function secretReader(client: ResourceClient, clock: Clock): (of: SecretKey) => Promise<Secret | undefined> {
  const kept = new Map<string, Kept>();

  async function read({ namespace, name, key }: SecretKey): Promise<Secret | undefined> {
    const found = await client.get(SECRETS, { namespace, name });
    const value = found?.data?.[key];
    return value === undefined
      ? undefined
      : new Secret(Buffer.from(value, 'base64').toString('utf8').replace(/\n$/, ''));
  }

  return (of) => {
    const id = `${of.namespace}/${of.name}/${of.key}`;
    const known = kept.get(id);
    if (known !== undefined && clock() < known.until) return known.value;
    if (kept.size >= MAX_KEPT) kept.clear();
    const value = read(of);
    kept.set(id, { value, until: clock() + KEPT_MS });
    value.catch(() => kept.delete(id));
    return value;
  };
}
