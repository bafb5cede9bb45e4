import { type JWTVerifyGetKey, type JWTVerifyResult, errors, jwtVerify } from 'jose';
import { Confirmation } from '@mcp-runtime/api';
import { z } from 'zod';

const Claims = z.object({
  exp: z.number(),
  nbf: z.number().optional(),
  iat: z.number().optional(),
  aud: z
    .union([z.string(), z.array(z.string())])
    .default([])
    .transform((aud) => (typeof aud === 'string' ? [aud] : aud)),
  cnf: Confirmation.optional(),
  scope: z.string().optional(),
  scp: z.union([z.string(), z.array(z.string())]).optional(),
});

/** What an access token says, once it is known to hold. Times are seconds since the epoch. */
export interface OauthClaims extends Pick<z.infer<typeof Claims>, 'exp' | 'nbf' | 'iat' | 'aud' | 'cnf'> {
  readonly scopes: ReadonlySet<string>;
  /** All of it, for the claims that name the caller. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Undefined when a claim that is there is not what it should be. */
export function parseClaims(payload: Readonly<Record<string, unknown>>): OauthClaims | undefined {
  const parsed = Claims.safeParse(payload).data;
  if (parsed === undefined) return undefined;
  const { scope, scp, ...claims } = parsed;
  // `scp` is what some issuers write (RFC 9068 §2.2.3 has `scope`).
  const given = scope ?? scp ?? [];
  const scopes = new Set((typeof given === 'string' ? given.split(' ') : given).filter((one) => one !== ''));
  return { ...claims, scopes, payload };
}

/** Asymmetric only: the keys of an issuer are public, so a shared secret made of one is no secret. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** `JWT`, or the type of RFC 9068; a token that says it is something else is no access token (RFC 8725 §3.11). */
const TYPE = /^(?:application\/)?(?:at\+)?jwt$/i;

/** Clocks of issuers run ahead of ours; that a token has ended is taken by the word. */
const SKEW_SECONDS = 30;

/** Whether this is a moment of the token's life: asked at every use, also of a token whose signature is known. */
export function isAlive({ exp, nbf = 0, iat = 0 }: OauthClaims, nowMs: number): boolean {
  const now = nowMs / 1000;
  return now < exp && nbf <= now + SKEW_SECONDS && iat <= now + SKEW_SECONDS;
}

/** Checks signature, form, issuer and times. */
export async function readClaims(
  token: string,
  issuer: string,
  find: JWTVerifyGetKey,
  nowMs: number,
): Promise<OauthClaims | 'invalid' | 'unknown key'> {
  const rules = {
    issuer,
    algorithms: ALGORITHMS,
    currentDate: new Date(nowMs),
    clockTolerance: SKEW_SECONDS,
  };
  try {
    const { protectedHeader, payload } = await verify(token, find, rules);
    if (!TYPE.test(protectedHeader.typ ?? 'JWT')) return 'invalid';
    return parseClaims(payload) ?? 'invalid';
  } catch (error) {
    return error instanceof errors.JWKSNoMatchingKey ? 'unknown key' : 'invalid';
  }
}

type Rules = NonNullable<Parameters<typeof jwtVerify>[2]>;

/** A token without a key id may be signed by any of several keys. */
async function verify(token: string, find: JWTVerifyGetKey, rules: Rules): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, find, rules);
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      const verified = await jwtVerify(token, key, rules).catch(() => undefined);
      if (verified !== undefined) return verified;
    }
    throw error;
  }
}
