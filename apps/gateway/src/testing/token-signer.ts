import {
  SESSION_TOKEN_ISSUER,
  type SessionTokenAlgorithm,
  SessionTokenKey,
  TOKEN_CLAIMS,
  serverAudience,
} from '@mcp-runtime/api';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';

/** Somebody with a key of its own who signs session tokens. */
export interface TokenSigner {
  readonly key: SessionTokenKey;
  /** A token of Alice's agent in session `s1` for the server of `startBench`, unless the claims say otherwise. */
  sign(claims?: Readonly<Record<string, unknown>>): Promise<string>;
}

const LIFE_SECONDS = 600;

export async function createTokenSigner(kid: string, algorithm: SessionTokenAlgorithm = 'EdDSA'): Promise<TokenSigner> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return {
    key: SessionTokenKey.parse({ ...(await exportJWK(publicKey)), kid }),
    sign: (claims = {}) => {
      const now = Math.floor(Date.now() / 1000);
      const said = {
        iss: SESSION_TOKEN_ISSUER,
        aud: serverAudience('mcp-servers', 'files'),
        sub: 'alice',
        iat: now,
        exp: now + LIFE_SECONDS,
        [TOKEN_CLAIMS.use]: 'session',
        [TOKEN_CLAIMS.agent]: 'agent',
        [TOKEN_CLAIMS.session]: 's1',
        [TOKEN_CLAIMS.sessionNamespace]: 'mcp-servers',
        ...claims,
      };
      return new SignJWT(said).setProtectedHeader({ alg: algorithm, kid, typ: 'JWT' }).sign(privateKey);
    },
  };
}
