import { hash, randomUUID } from 'node:crypto';
import { type CryptoKey, type JWK, SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';

type Algorithm = 'ES256' | 'ES384' | 'EdDSA' | 'RS256';

/** A client with a key that its tokens are bound to. */
export interface TestProver {
  readonly jkt: string;
  /** Also the private members. */
  readonly privateJwk: JWK;
  /** A proof for a POST of `token` to `url` now, unless the change says otherwise; what is `undefined` is left out. */
  prove(url: string, token: string, change?: ProofChange): Promise<string>;
}

export interface ProofChange {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly signedBy?: CryptoKey;
}

export async function createTestProver(algorithm: Algorithm = 'ES256'): Promise<TestProver> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return {
    jkt: await calculateJwkThumbprint(jwk),
    privateJwk: await exportJWK(privateKey),
    prove: (url, token, { claims = {}, header = {}, signedBy = privateKey } = {}) => {
      const ath = hash('sha256', token, 'base64url');
      const said = { jti: randomUUID(), htm: 'POST', htu: url, iat: Math.floor(Date.now() / 1000), ath, ...claims };
      const protectedHeader = { typ: 'dpop+jwt', alg: algorithm, jwk, ...header };
      return new SignJWT(said).setProtectedHeader(protectedHeader).sign(signedBy, { crit: { x: true } });
    },
  };
}
