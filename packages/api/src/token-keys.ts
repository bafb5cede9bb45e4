import { z } from 'zod';

const common = {
  kid: z.string().min(1).max(256),
  /** Seconds since the epoch. From then on nothing that the key signed counts: how a key retires. */
  exp: z.number().optional(),
};

const Ed25519Key = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  alg: z.enum(['EdDSA', 'Ed25519']).default('EdDSA'),
  ...common,
});

const P256Key = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string(),
  y: z.string(),
  alg: z.literal('ES256').default('ES256'),
  ...common,
});

/** A public key that session tokens are signed with (RFC 7517, RFC 8037): Ed25519 or P-256. Every other member is dropped. */
export const SessionTokenKey = z.discriminatedUnion('kty', [Ed25519Key, P256Key]);

/**
 * The JSON Web Key Set of one installation (RFC 7517 §5), with who signs by these keys: tokens must name that issuer.
 */
export const SessionTokenKeys = z.object({
  issuer: z.string().min(1).max(512).optional(),
  keys: z.array(SessionTokenKey).max(100),
});

export type SessionTokenKey = z.infer<typeof SessionTokenKey>;
export type SessionTokenKeys = z.infer<typeof SessionTokenKeys>;

/** Algorithms that session tokens are signed by. */
export const SESSION_TOKEN_ALGORITHMS = ['EdDSA', 'ES256'] as const;
export type SessionTokenAlgorithm = (typeof SESSION_TOKEN_ALGORITHMS)[number];
