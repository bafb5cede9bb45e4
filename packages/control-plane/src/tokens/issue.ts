import { randomUUID } from 'node:crypto';
import { type Confirmation, type MCPAgentSession, TOKEN_CLAIMS, serverAudience } from '@mcp-runtime/api';
import { type JWTPayload, SignJWT } from 'jose';
import { type SigningKey } from './signing-key.ts';

export interface IssuedToken {
  readonly token: string;
  /** RFC 3339. */
  readonly expiresAt: string;
  readonly audience: string;
}

export interface TokenLife {
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/**
 * Signs a token that lets the session's agent call the session's server, and nothing else; with a confirmation only whoever
 * proves that.
 */
export function signSessionToken(
  key: SigningKey,
  session: MCPAgentSession,
  { confirmation, ...life }: TokenLife & { readonly confirmation?: Confirmation | undefined },
): Promise<IssuedToken> {
  const { metadata, spec } = session;
  const claims = {
    [TOKEN_CLAIMS.use]: 'session',
    [TOKEN_CLAIMS.agent]: spec.subject.agentID ?? '',
    [TOKEN_CLAIMS.team]: spec.subject.teamID ?? '',
    [TOKEN_CLAIMS.session]: metadata.name,
    [TOKEN_CLAIMS.sessionNamespace]: metadata.namespace,
    ...(confirmation === undefined ? {} : { [TOKEN_CLAIMS.confirmation]: confirmation }),
  };
  const audience = serverAudience(spec.serverRef.namespace ?? metadata.namespace, spec.serverRef.name);
  return sign(key, claims, spec.subject.humanID ?? '', audience, life);
}

/** Signs a token for the runtime's own readiness check of one server. */
export function signProbeToken(key: SigningKey, audience: string, life: TokenLife): Promise<IssuedToken> {
  return sign(key, { [TOKEN_CLAIMS.use]: 'probe' }, '', audience, life);
}

async function sign(
  key: SigningKey,
  claims: JWTPayload,
  subject: string,
  audience: string,
  { issuedAtMs, expiresAtMs }: TokenLife,
): Promise<IssuedToken> {
  const expiresAt = Math.floor(expiresAtMs / 1000);
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: key.algorithm, kid: key.keyId, typ: 'JWT' })
    .setIssuer(key.issuer)
    .setSubject(subject)
    .setAudience(audience)
    .setIssuedAt(Math.floor(issuedAtMs / 1000))
    .setExpirationTime(expiresAt)
    .setJti(randomUUID())
    .sign(key.privateKey);
  return { token, expiresAt: new Date(expiresAt * 1000).toISOString(), audience };
}
