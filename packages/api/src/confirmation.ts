import { z } from 'zod';

/** SHA-256 in base64url. */
const Thumbprint = z.string().regex(/^[A-Za-z0-9_-]{43}$/, { error: 'must be a SHA-256 thumbprint in base64url' });

/**
 * Whose a token is, beside whoever holds it: the value of its `cnf` claim (RFC 7800). A method that is not among these cannot
 * be checked, so a token with one is invalid.
 */
export const Confirmation = z
  .strictObject({
    jkt: Thumbprint.optional().meta({ description: 'Of the key that proofs are signed with (RFC 9449 §6).' }),
    'x5t#S256': Thumbprint.optional().meta({ description: 'Of the client certificate (RFC 8705 §3.1).' }),
  })
  .refine((cnf) => cnf.jkt !== undefined || cnf['x5t#S256'] !== undefined, {
    error: 'must name a key or a certificate',
  });

export type Confirmation = z.infer<typeof Confirmation>;
