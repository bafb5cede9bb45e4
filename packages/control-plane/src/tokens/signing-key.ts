import { randomUUID } from 'node:crypto';
import { SessionTokenKey, type SessionTokenAlgorithm } from '@mcp-runtime/api';
import { type CryptoKey, exportJWK, generateKeyPair, importJWK } from 'jose';
import { z } from 'zod';

/** The key that signs session tokens. */
export interface SigningKey {
  readonly issuer: string;
  readonly keyId: string;
  readonly algorithm: SessionTokenAlgorithm;
  readonly privateKey: CryptoKey | Uint8Array;
}

const PrivateMember = z.object({ d: z.string().min(1) });

/** A private key as it is kept: a JWK with its `d` (RFC 8037 §2, RFC 7518 §6.2.2). */
export type PrivateJwk = SessionTokenKey & z.infer<typeof PrivateMember>;

export async function newPrivateJwk(algorithm: SessionTokenAlgorithm): Promise<PrivateJwk> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return parsePrivateJwk({ ...(await exportJWK(privateKey)), kid: randomUUID(), alg: algorithm });
}

/** @throws when it is not a private key that session tokens can be signed with. */
export function parsePrivateJwk(value: unknown): PrivateJwk {
  return { ...SessionTokenKey.parse(value), ...PrivateMember.parse(value) };
}

export async function toSigningKey(jwk: PrivateJwk, issuer: string): Promise<SigningKey> {
  const algorithm = jwk.alg === 'ES256' ? 'ES256' : 'EdDSA';
  return { issuer, keyId: jwk.kid, algorithm, privateKey: await importJWK(jwk, algorithm) };
}
