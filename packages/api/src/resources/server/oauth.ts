import { z } from 'zod';
import { SecretKeyRef } from '../references.ts';

/** `scope-token` of RFC 6749 §3.3: what can stand in a challenge as it is. */
export const SCOPE_TOKEN: RegExp = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/;

const Scope = z.string().regex(SCOPE_TOKEN, { error: 'must be an OAuth scope: no space, quote or backslash' });

export const Scopes = z.array(Scope).max(20);

export const SideEffectScopes = z
  .strictObject({
    read: Scopes.optional().meta({ description: 'For calls that only read.' }),
    write: Scopes.optional().meta({ description: 'For calls that write.' }),
    destructive: Scopes.optional().meta({ description: 'For calls that destroy.' }),
  })
  .meta({
    description:
      'Scopes that calls of a side effect need beside those of every request; prompts and resources are read.',
  });

const ClaimPath = z
  .string()
  .regex(/^[^/]|^(\/([^~/]|~0|~1)+)+$/, { error: 'must be the name of a claim, or a JSON Pointer such as `/org/team`' })
  .max(256);

/** Where in an access token the caller is named. */
export const ClaimPaths = z
  .strictObject({
    human: ClaimPath.optional().meta({ description: '`sub` when absent.' }),
    agent: ClaimPath.optional().meta({ description: '`azp` or else `client_id` when absent.' }),
    team: ClaimPath.optional().meta({ description: '`team_id`, `tenant_id` or else `tid` when absent.' }),
    session: ClaimPath.optional().meta({ description: '`sid` when absent, and without one the session header.' }),
  })
  .meta({ description: 'Claims of an access token that name the caller: names, or JSON Pointers (RFC 6901).' });

export const Introspection = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
      .optional()
      .meta({ description: "The issuer's metadata name it when absent." }),
    clientID: z.string().min(1).max(256).meta({ description: 'As whom the gateway asks.' }),
    clientSecretRef: SecretKeyRef.meta({ description: 'The secret of that client.' }),
  })
  .meta({ description: 'Asks the issuer about tokens that are no JWT (RFC 7662).' });
