import { randomUUID } from 'node:crypto';
import { AppError } from '@mcp-runtime/api';
import { readIfPresent, writeFileAtomically } from '@mcp-runtime/base';
import { type CryptoKey, type JWK, exportJWK, generateKeyPair, importJWK } from 'jose';

const ALGORITHM = 'EdDSA';

/** The key that signs session tokens, with the public half as a JWK for those who verify. */
export interface SigningKey {
  readonly keyId: string;
  readonly algorithm: typeof ALGORITHM;
  readonly privateKey: CryptoKey | Uint8Array;
  readonly publicJwk: JWK;
}

/**
 * Reads the signing key from a file, or makes one there (mode 0600) when there is none.
 * @throws AppError `data_corrupt` when the file is not a key.
 */
export async function openSigningKey(path: string): Promise<SigningKey> {
  const text = await readIfPresent(path);
  if (text !== undefined) return parseKey(text, path);
  const { privateKey } = await generateKeyPair(ALGORITHM, { crv: 'Ed25519', extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), kid: randomUUID(), alg: ALGORITHM };
  await writeFileAtomically(path, `${JSON.stringify(jwk)}\n`, 0o600);
  return toSigningKey(jwk);
}

async function parseKey(text: string, path: string): Promise<SigningKey> {
  try {
    return await toSigningKey(JSON.parse(text));
  } catch (cause) {
    throw new AppError('data_corrupt', `the signing key in \`${path}\` cannot be read`, {
      cause,
      next: 'restore the file, or remove it to get a new key (session tokens issued so far stop working)',
    });
  }
}

async function toSigningKey(jwk: JWK): Promise<SigningKey> {
  if (jwk.kty !== 'OKP' || jwk.kid === undefined || jwk.d === undefined)
    throw new TypeError('not a private Ed25519 JWK');
  const publicJwk: JWK = { ...jwk, use: 'sig' };
  delete publicJwk.d;
  return { keyId: jwk.kid, algorithm: ALGORITHM, privateKey: await importJWK(jwk, ALGORITHM), publicJwk };
}
