import {
  Confirmation,
  SESSION_TOKEN_ALGORITHMS,
  SESSION_TOKEN_ISSUER,
  type SessionTokenKeys,
  TOKEN_CLAIMS,
} from '@mcp-runtime/api';
import { type Clock } from '@mcp-runtime/base';
import { decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { z } from 'zod';
import { type TokenKeySource } from './token-keys.ts';

/** What a valid token of the runtime says. */
export type TokenClaims =
  | {
      readonly use: 'session';
      readonly human: string;
      readonly agent: string;
      readonly team: string;
      readonly session: { readonly namespace: string; readonly name: string };
      readonly confirmation: Confirmation | undefined;
    }
  | { readonly use: 'probe' };

export interface TokenVerifier {
  /**
   * `invalid` when the token is malformed, forged, expired, not yet valid, of another installation or meant for another
   * server; `unavailable` while there are no keys to verify by.
   */
  verify(token: string, audience: string): Promise<TokenClaims | 'invalid' | 'unavailable'>;
  /** Lets go of what a token proved, such as one whose session was revoked. */
  forget(token: string): void;
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
  [TOKEN_CLAIMS.confirmation]: Confirmation.optional(),
});

interface Remembered {
  readonly claims: TokenClaims;
  readonly audience: string;
  readonly expiresAtMs: number;
}

/**
 * Verifies session tokens against public keys. A token that was valid once is remembered until it or its key expires, it is
 * forgotten, or the keys change.
 */
export function createTokenVerifier(source: TokenKeySource, clock: Clock): TokenVerifier {
  const remembered = new Map<string, Remembered>();
  let rememberedUnder: SessionTokenKeys | undefined;

  function remember(token: string, keys: SessionTokenKeys, entry: Remembered): void {
    // The keys may have changed while the signature was checked.
    if (keys !== rememberedUnder) return;
    if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value ?? '');
    remembered.set(token, entry);
  }

  async function verifyAfresh(
    token: string,
    audience: string,
    given: SessionTokenKeys,
  ): Promise<TokenClaims | 'invalid'> {
    const keyId = keyIdOf(token);
    if (keyId === undefined) return 'invalid';
    const keys = hasKey(given, keyId) ? given : ((await source.newer()) ?? given);
    const key = keys.keys.find(({ kid }) => kid === keyId);
    const now = clock();
    const keyEndsMs = (key?.exp ?? Number.POSITIVE_INFINITY) * 1000;
    if (key === undefined || keyEndsMs <= now) return 'invalid';
    const verified = await jwtVerify(token, await importJWK(key), {
      issuer: keys.issuer ?? SESSION_TOKEN_ISSUER,
      audience,
      algorithms: key.kty === 'EC' ? ['ES256'] : ['EdDSA'],
      typ: 'JWT',
      requiredClaims: ['exp', 'iat'],
      currentDate: new Date(now),
    }).catch(() => undefined);
    const parsed = Claims.safeParse(verified?.payload);
    if (!parsed.success) return 'invalid';
    const claims = toClaims(parsed.data);
    remember(token, keys, { claims, audience, expiresAtMs: Math.min(parsed.data.exp * 1000, keyEndsMs) });
    return claims;
  }

  return {
    verify: async (token, audience) => {
      const keys = source.current();
      if (keys === undefined) return 'unavailable';
      if (keys !== rememberedUnder) {
        remembered.clear();
        rememberedUnder = keys;
      }
      if (token.length > MAX_TOKEN_LENGTH) return 'invalid';
      const known = remembered.get(token);
      if (known === undefined) return verifyAfresh(token, audience, keys);
      if (known.expiresAtMs > clock()) return known.audience === audience ? known.claims : 'invalid';
      remembered.delete(token);
      return 'invalid';
    },
    forget: (token) => void remembered.delete(token),
  };
}

function hasKey({ keys }: SessionTokenKeys, keyId: string): boolean {
  return keys.some(({ kid }) => kid === keyId);
}

/** Undefined for what is no token of the kind that we issue. Reads without believing: it only chooses the key. */
function keyIdOf(token: string): string | undefined {
  try {
    const { kid, alg } = decodeProtectedHeader(token);
    return SESSION_TOKEN_ALGORITHMS.some((known) => known === alg) ? kid : undefined;
  } catch {
    return undefined;
  }
}

function toClaims(claims: z.infer<typeof Claims>): TokenClaims {
  if (claims[TOKEN_CLAIMS.use] === 'probe') return { use: 'probe' };
  return {
    use: 'session',
    human: claims.sub,
    agent: claims[TOKEN_CLAIMS.agent],
    team: claims[TOKEN_CLAIMS.team],
    session: { namespace: claims[TOKEN_CLAIMS.sessionNamespace], name: claims[TOKEN_CLAIMS.session] },
    confirmation: claims[TOKEN_CLAIMS.confirmation],
  };
}
