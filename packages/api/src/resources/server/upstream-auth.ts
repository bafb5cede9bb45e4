import { z } from 'zod';
import { HEADERS } from '../../names.ts';
import { SecretKeyRef } from '../references.ts';

/** Headers that say how a message is framed or what it is: a credential in one of them would be something else. */
const TAKEN =
  /^(?:host|origin|accept|accept-encoding|connection|content-.*|transfer-encoding|keep-alive|te|trailer|upgrade|expect|forwarded|x-forwarded-.*|last-event-id|traceparent|tracestate|baggage|mcp-.*)$/i;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Whether a credential for a server may be sent in a header of that name. */
export function isCredentialHeader(name: string): boolean {
  return NAME.test(name) && !TAKEN.test(name);
}

const TokenExchange = z.strictObject({
  tokenURL: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .meta({ description: 'Token endpoint; `https`, or `http` on this machine.' }),
  clientID: z.string().min(1).max(1024).meta({ description: 'As whom the gateway asks.' }),
  clientSecretRef: SecretKeyRef.meta({ description: 'The secret of that client.' }),
  audience: z.string().min(1).max(2048).optional().meta({ description: 'Audience to ask for.' }),
  resource: z.url().max(2048).optional().meta({ description: 'URL of the server as its issuer knows it (RFC 8707).' }),
  scopes: z.array(z.string().min(1).max(256)).max(64).optional().meta({ description: 'Scopes to ask for.' }),
});

export const UpstreamAuth = z
  .strictObject({
    header: z
      .string()
      .refine(isCredentialHeader, { error: 'must be the name of a header that may carry a credential' })
      .default(HEADERS.authorization)
      .meta({ description: 'Header of the credential. In `Authorization` a single word is sent as a bearer token.' }),
    secretRef: SecretKeyRef.optional().meta({ description: 'The same secret for every caller.' }),
    tokenExchange: TokenExchange.optional().meta({
      description: 'A token of its own for every caller, in exchange for the token that the caller brought (RFC 8693).',
    }),
  })
  .meta({
    description:
      'What the gateway presents to the server; nothing when absent. A session with `upstreamTokenSecretRef` takes precedence. Credentials of callers never go to the server.',
  });

export type UpstreamAuth = z.infer<typeof UpstreamAuth>;
