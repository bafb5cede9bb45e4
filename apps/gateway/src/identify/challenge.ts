import { type ErrorCode } from '@mcp-runtime/api';
import { type Exchange } from '../exchange.ts';
import { authModeOf } from './auth-mode.ts';
import { PROOF_ALGORITHMS } from './dpop-proof.ts';
import { resourceMetadataUrl } from './oauth-resource.ts';

const BAD_TOKENS: ReadonlySet<ErrorCode> = new Set(['invalid_token', 'certificate_mismatch']);

/** Where the runtime issues the tokens, one of an ended session is no good any more; an issuer's token is as good as before. */
const ENDED_SESSIONS: ReadonlySet<ErrorCode> = new Set(['session_not_found', 'session_revoked', 'session_expired']);

/**
 * The `WWW-Authenticate` of a refusal (RFC 6750 §3, RFC 9449 §7.1); where a client can get a token by itself, also where it
 * learns how (RFC 9728 §5.1).
 */
export function challengeOf({ policy, route, externalUrl, request }: Exchange, reason: ErrorCode): string {
  const presentedProof = /^dpop /i.test(request.headers.authorization ?? '');
  const isOauth = policy !== undefined && authModeOf(policy) === 'oauth';
  const asksProof = presentedProof || reason === 'invalid_dpop_proof';
  return [
    `${asksProof ? 'DPoP' : 'Bearer'} realm="mcp-runtime"`,
    ...(isOauth ? [`resource_metadata="${resourceMetadataUrl(externalUrl, route.path)}"`] : []),
    ...(asksProof ? [`algs="${PROOF_ALGORITHMS.join(' ')}"`] : []),
    ...errorOf(reason, { presentedProof, isOauth }),
  ].join(', ');
}

interface Asked {
  readonly presentedProof: boolean;
  readonly isOauth: boolean;
}

function errorOf(reason: ErrorCode, { presentedProof, isOauth }: Asked): readonly string[] {
  // Bearer for a token that is bound is a wrong use of the token: there is no proof that could be bad.
  if (reason === 'invalid_dpop_proof') return [`error="${presentedProof ? 'invalid_dpop_proof' : 'invalid_token'}"`];
  const isBadToken = BAD_TOKENS.has(reason) || (!isOauth && ENDED_SESSIONS.has(reason));
  return isBadToken ? ['error="invalid_token"'] : [];
}
