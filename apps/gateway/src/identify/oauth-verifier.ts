import { hash } from 'node:crypto';
import { type Clock, type Logger } from '@mcp-runtime/base';
import { decodeProtectedHeader } from 'jose';
import { type ReadSecret } from '../secrets.ts';
import { type OauthClaims, isAlive, readClaims } from './oauth-claims.ts';
import { type IntrospectionRules, createIntrospector } from './oauth-introspection.ts';
import { type Issuer, type IssuerKeys, createIssuer } from './oauth-issuer.ts';

export type Verified =
  | { readonly kind: 'valid'; readonly claims: OauthClaims }
  | { readonly kind: 'invalid' }
  /** The issuer cannot be asked for its keys. */
  | { readonly kind: 'unavailable' };

interface Expected {
  readonly issuer: string;
  readonly audience: string;
  /** How tokens that are no JWT are asked about; without it they are invalid. */
  readonly introspection?: IntrospectionRules | undefined;
}

interface OauthPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly readSecret: ReadSecret;
}

export interface OauthVerifier {
  /** Never rejects. `issuer` and `audience` are compared as they are written. */
  verify(token: string, expected: Expected): Promise<Verified>;
  /** Ends what is asked of issuers. */
  close(): void;
}

const MAX_TOKEN_LENGTH = 16 * 1024;
const MAX_REMEMBERED = 10_000;
const MAX_ISSUERS = 256;
const INVALID = { kind: 'invalid' } as const;
const UNAVAILABLE = { kind: 'unavailable' } as const;

/**
 * Verifies access tokens of any issuer. A signature is checked once: what it proved is remembered for as long as the token
 * lives and the keys were not read again.
 */
export function createOauthVerifier({ clock, log, readSecret }: OauthPorts): OauthVerifier {
  const ending = new AbortController();
  const introspector = createIntrospector({ clock, log, readSecret, signal: ending.signal });
  const issuers = new Map<string, Issuer>();

  function issuerOf(url: string): Issuer {
    const known = issuers.get(url);
    if (known !== undefined) return known;
    if (issuers.size >= MAX_ISSUERS) forgetOldest(issuers);
    const issuer = createIssuer(url, { clock, log, signal: ending.signal });
    issuers.set(url, issuer);
    return issuer;
  }

  async function claimsOf(token: string, url: string): Promise<OauthClaims | 'invalid' | 'unavailable'> {
    const issuer = issuerOf(url);
    const keys = await issuer.keys();
    if (keys === undefined) return 'unavailable';
    const claims = await claimsUnder(keys, token, url, clock());
    if (claims !== 'unknown key') return claims;
    const newer = await issuer.newerKeys();
    if (newer === undefined) return 'unavailable';
    const again = newer === keys ? 'unknown key' : await claimsUnder(newer, token, url, clock());
    return again === 'unknown key' ? 'invalid' : again;
  }

  return {
    verify: async (token, { issuer, audience, introspection }) => {
      if (token.length > MAX_TOKEN_LENGTH) return INVALID;
      const isOpaque = introspection !== undefined && !isJwt(token);
      const claims = await (isOpaque ? introspector.claimsOf(token, introspection) : claimsOf(token, issuer));
      if (claims === 'unavailable') return UNAVAILABLE;
      if (claims === 'invalid' || !isAlive(claims, clock()) || !claims.aud.includes(audience)) return INVALID;
      return { kind: 'valid', claims };
    },
    close: () => ending.abort(),
  };
}

function isJwt(token: string): boolean {
  try {
    return decodeProtectedHeader(token).alg !== undefined;
  } catch {
    return false;
  }
}

async function claimsUnder(
  { find, verified }: IssuerKeys,
  token: string,
  issuer: string,
  nowMs: number,
): Promise<OauthClaims | 'invalid' | 'unknown key'> {
  const digest = hash('sha256', token, 'base64url');
  const known = verified.get(digest);
  if (known !== undefined) return known;
  const claims = await readClaims(token, issuer, find, nowMs);
  if (typeof claims === 'string') return claims;
  if (verified.size >= MAX_REMEMBERED) forgetOldest(verified);
  verified.set(digest, claims);
  return claims;
}

/** A map keeps the order in which its entries came. */
function forgetOldest(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key);
    return;
  }
}
