import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AppError, type ObjectKey } from '@mcp-runtime/api';
import { type Identity } from '@mcp-runtime/policy';

/** Where a sealed text belongs: it opens nowhere else and for nobody else. */
export interface Place {
  readonly path: string;
  readonly key: ObjectKey;
  readonly upstream: URL;
  readonly identity: Identity;
}

/** Texts that are given to callers to hold: encrypted, authenticated, and bound to what `bound` says. */
export interface Seal {
  seal(text: string, bound: Buffer): string;
  /** Undefined for whatever was not sealed so: another key, another place, another byte. */
  open(sealed: string, bound: Buffer): string | undefined;
}

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES;
const MAX_LENGTH = 4096;

/** Keys that may be replaced while what they sealed is about: the first seals, all of them open. */
export interface SealKeys {
  current(): readonly [Buffer, ...Buffer[]];
}

export interface SealKeyHolder extends SealKeys {
  /** @throws AppError `invalid_config` for a key that is not 32 bytes; then those before stay. */
  replace(keys: readonly Buffer[]): void;
}

/** @throws AppError `invalid_config` for a key that is not 32 bytes. */
export function holdSealKeys(first: readonly Buffer[]): SealKeyHolder {
  let current = checked(first);
  return {
    current: () => current,
    replace: (keys) => {
      current = checked(keys);
    },
  };
}

function checked(keys: readonly Buffer[]): readonly [Buffer, ...Buffer[]] {
  const [sealing, ...others] = keys;
  if (sealing === undefined || keys.some((key) => key.length !== KEY_BYTES)) {
    throw new AppError('invalid_config', `a session key has ${KEY_BYTES} bytes, and one at least is needed`);
  }
  return [sealing, ...others];
}

export function createSeal(keys: SealKeys): Seal {
  return {
    seal: (text, bound) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, keys.current()[0], nonce).setAAD(bound);
      const hidden = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), hidden]).toString('base64url');
    },
    open: (sealed, bound) => {
      const bytes = sealed.length > MAX_LENGTH ? undefined : Buffer.from(sealed, 'base64url');
      if (bytes === undefined || bytes.length <= HEAD_BYTES || bytes[0] !== VERSION) return undefined;
      // Another spelling of the same bytes is another id.
      if (bytes.toString('base64url') !== sealed) return undefined;
      for (const key of keys.current()) {
        const text = openWith(key, bytes, bound);
        if (text !== undefined) return text;
      }
      return undefined;
    },
  };
}

function openWith(key: Buffer, bytes: Buffer, bound: Buffer): string | undefined {
  const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES }).setAAD(bound);
  decipher.setAuthTag(bytes.subarray(1 + NONCE_BYTES, HEAD_BYTES));
  const text = decipher.update(bytes.subarray(HEAD_BYTES));
  try {
    return Buffer.concat([text, decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

/** JSON keeps the parts apart whatever is in them. `use` keeps what is sealed for one use from another. */
export function boundTo({ path, key, upstream, identity }: Place, use: readonly string[] = []): Buffer {
  const { human, agent, team } = identity;
  return Buffer.from(JSON.stringify([path, key.namespace, key.name, upstream.href, human, agent, team, ...use]));
}
