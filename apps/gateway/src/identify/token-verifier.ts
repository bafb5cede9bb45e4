import { SESSION_TOKEN_ISSUER, TOKEN_CLAIMS } from '@mcp-runtime/api';
import { type Clock } from '@mcp-runtime/base';
import { type JWK, createLocalJWKSet, jwtVerify } from 'jose';
import { z } from 'zod';

/** What a valid token of the runtime says. */
export type TokenClaims =
  | {
      readonly use: 'session';
      readonly human: string;
      readonly agent: string;
      readonly team: string;
      readonly session: { readonly namespace: string; readonly name: string };
    }
  | { readonly use: 'probe' };

export interface TokenVerifier {
  /** Undefined when the token is malformed, forged, expired, not yet valid or meant for another server. */
  verify(token: string, audience: string): Promise<TokenClaims | undefined>;
}

const MAX_TOKEN_LENGTH = 8192;
const MAX_REMEMBERED = 10_000;

const Claims = z.object({
  sub: z.string(),
  exp: z.number(),
  [TOKEN_CLAIMS.use]: z.enum(['session', 'probe']),
  [TOKEN_CLAIMS.agent]: z.string().default(''),
  [TOKEN_CLAIMS.team]: z.string().default(''),
  [TOKEN_CLAIMS.session]: z.string().default(''),
  [TOKEN_CLAIMS.sessionNamespace]: z.string().default(''),
});

interface Remembered {
  readonly claims: TokenClaims;
  readonly audience: string;
  readonly expiresAtMs: number;
}

/** Verifies session tokens against public keys. A token that was valid once is remembered until it expires. */
export function createTokenVerifier(keys: readonly JWK[], clock: Clock): TokenVerifier {
  const keySet = createLocalJWKSet({ keys: [...keys] });
  const remembered = new Map<string, Remembered>();

  async function verifyAfresh(token: string, audience: string): Promise<TokenClaims | undefined> {
    const verified = await jwtVerify(token, keySet, {
      issuer: SESSION_TOKEN_ISSUER,
      audience,
      algorithms: ['EdDSA'],
      typ: 'JWT',
      requiredClaims: ['exp', 'iat'],
      currentDate: new Date(clock()),
    }).catch(() => undefined);
    const parsed = Claims.safeParse(verified?.payload);
    if (!parsed.success) return undefined;
    const claims = toClaims(parsed.data);
    if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value ?? '');
    remembered.set(token, { claims, audience, expiresAtMs: parsed.data.exp * 1000 });
    return claims;
  }

  return {
    verify: async (token, audience) => {
      if (token.length > MAX_TOKEN_LENGTH) return undefined;
      const known = remembered.get(token);
      if (known === undefined) return verifyAfresh(token, audience);
      if (known.expiresAtMs > clock()) return known.audience === audience ? known.claims : undefined;
      remembered.delete(token);
      return undefined;
    },
  };
}

function toClaims(claims: z.infer<typeof Claims>): TokenClaims {
  if (claims[TOKEN_CLAIMS.use] === 'probe') return { use: 'probe' };
  return {
    use: 'session',
    human: claims.sub,
    agent: claims[TOKEN_CLAIMS.agent],
    team: claims[TOKEN_CLAIMS.team],
    session: { namespace: claims[TOKEN_CLAIMS.sessionNamespace], name: claims[TOKEN_CLAIMS.session] },
  };
}
