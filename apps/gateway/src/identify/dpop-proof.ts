import { type JWK } from 'jose';
import { z } from 'zod';

/** Algorithms that a proof may be signed by: asymmetric, and cheap to check. */
export const PROOF_ALGORITHMS = ['ES256', 'ES384', 'EdDSA', 'Ed25519'] as const;

/** What the header of a proof says; its signature is not checked yet. */
export interface ProofHeader {
  readonly alg: (typeof PROOF_ALGORITHMS)[number];
  /** Public members only. */
  readonly jwk: JWK;
}

const MAX_LENGTH = 4096;
const COMPACT = /^([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
/** RFC 7518 §6.2.2, §6.3.2, §6.4.1: a key that carries one of them is no public key. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

const typ = z.literal('dpop+jwt');
const isPublic = (jwk: object): boolean => !PRIVATE_MEMBERS.some((member) => Object.hasOwn(jwk, member));
const publicKey = <T extends z.ZodRawShape>(shape: T) =>
  z
    .looseObject(shape)
    .refine(isPublic, { error: 'must be a public key' })
    .transform((jwk): JWK => Object.fromEntries(Object.keys(shape).map((member) => [member, jwk[member]])));

const ec = (crv: string) => publicKey({ kty: z.literal('EC'), crv: z.literal(crv), x: z.string(), y: z.string() });
const ed25519 = publicKey({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() });

const Header = z.discriminatedUnion('alg', [
  z.object({ typ, alg: z.literal('ES256'), jwk: ec('P-256') }),
  z.object({ typ, alg: z.literal('ES384'), jwk: ec('P-384') }),
  z.object({ typ, alg: z.literal('EdDSA'), jwk: ed25519 }),
  z.object({ typ, alg: z.literal('Ed25519'), jwk: ed25519 }),
]);

/** The header of a proof (RFC 9449 §4.2); undefined for whatever is none. Never throws. */
export function parseProofHeader(text: string): ProofHeader | undefined {
  const encoded = text.length > MAX_LENGTH ? undefined : COMPACT.exec(text)?.[1];
  if (encoded === undefined) return undefined;
  try {
    const { alg, jwk } = Header.parse(JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8')));
    return { alg, jwk };
  } catch {
    return undefined;
  }
}
