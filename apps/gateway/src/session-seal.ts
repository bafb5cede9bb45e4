import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AppError, type ObjectKey } from '@mcp-runtime/api';
import { type Identity } from '@mcp-runtime/policy';

/** Where an MCP session belongs: it opens nowhere else and for nobody else. */
export interface SessionPlace {
  readonly path: string;
  readonly key: ObjectKey;
  readonly upstream: URL;
  readonly identity: Identity;
}

/**
 * Session ids that carry the server's own one, encrypted and authenticated, so that every replica with the key serves them.
 * An MCP session id is no credential (MCP 2025-11-25, "Security best practices"): used by somebody else, at another server,
 * after its key was retired or changed by a byte, it is one that does not exist.
 */
export interface SessionSeal {
  seal(sessionId: string, place: SessionPlace): string;
  open(sealed: string, place: SessionPlace): string | undefined;
}

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES;
const MAX_LENGTH = 4096;

/** The first key seals, all of them open. @throws AppError `invalid_config` for a key that is not 32 bytes. */
export function createSessionSeal(keys: readonly Buffer[]): SessionSeal {
  const [sealing] = keys;
  if (sealing === undefined || keys.some((key) => key.length !== KEY_BYTES)) {
    throw new AppError('invalid_config', `a session key has ${KEY_BYTES} bytes, and one at least is needed`);
  }
  return {
    seal: (sessionId, place) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, sealing, nonce).setAAD(boundTo(place));
      const text = Buffer.concat([cipher.update(sessionId, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), text]).toString('base64url');
    },
    open: (sealed, place) => {
      const bytes = sealed.length > MAX_LENGTH ? undefined : Buffer.from(sealed, 'base64url');
      if (bytes === undefined || bytes.length <= HEAD_BYTES || bytes[0] !== VERSION) return undefined;
      // Another spelling of the same bytes is another id.
      if (bytes.toString('base64url') !== sealed) return undefined;
      const bound = boundTo(place);
      for (const key of keys) {
        const sessionId = openWith(key, bytes, bound);
        if (sessionId !== undefined) return sessionId;
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

/** JSON keeps the parts apart whatever is in them. */
function boundTo({ path, key, upstream, identity }: SessionPlace): Buffer {
  const { human, agent, team } = identity;
  return Buffer.from(JSON.stringify([path, key.namespace, key.name, upstream.href, human, agent, team]));
}
