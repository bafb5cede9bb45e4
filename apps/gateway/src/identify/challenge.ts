import { type ErrorCode } from '@mcp-runtime/api';
import { basicScopes } from '@mcp-runtime/policy';
import { type Exchange } from '../exchange.ts';
import { authModeOf } from './auth-mode.ts';
import { PROOF_ALGORITHMS } from './dpop-proof.ts';
import { resourceMetadataUrl } from './oauth-resource.ts';

const BAD_TOKENS: ReadonlySet<ErrorCode> = new Set(['invalid_token', 'certificate_mismatch', 'reserved_identity']);

/** Where the runtime issues the tokens, one of an ended session is no good any more; an issuer's token is as good as before. */
const ENDED_SESSIONS: ReadonlySet<ErrorCode> = new Set(['session_not_found', 'session_revoked', 'session_expired']);

/**
 * The `WWW-Authenticate` of a refusal (RFC 6750 §3, RFC 9449 §7.1); where a client can get a token by itself, also where it
 * learns how (RFC 9728 §5.1) and which scopes it should ask for. `needed` are the scopes of a request that lacks one.
 */
export function challengeOf(exchange: Exchange, reason: ErrorCode, needed: readonly string[] = []): string {
  const { policy, route, externalUrl, request } = exchange;
  const presentedProof = /^dpop /i.test(request.headers.authorization ?? '');
  const isOauth = policy !== undefined && authModeOf(policy) === 'oauth';
  const asksProof = presentedProof || reason === 'invalid_dpop_proof';
  const scopes = isOauth ? scopesToAskFor(exchange, reason, needed) : [];
  return [
    `${asksProof ? 'DPoP' : 'Bearer'} realm="mcp-runtime"`,
    ...(isOauth ? [`resource_metadata="${resourceMetadataUrl(externalUrl, route.path)}"`] : []),
    ...(scopes.length === 0 ? [] : [`scope="${scopes.join(' ')}"`]),
    ...(asksProof ? [`algs="${PROOF_ALGORITHMS.join(' ')}"`] : []),
    ...errorOf(reason, { presentedProof, isOauth }),
  ].join(', ');
}

/**
 * All that the request needs, and what the caller has of this server's scopes already: clients before MCP 2026-07-28 ask for
 * nothing else than the challenge says, and would lose the others.
 */
function scopesToAskFor({ policy, caller }: Exchange, reason: ErrorCode, needed: readonly string[]): readonly string[] {
  if (policy?.scopes === undefined) return [];
  if (reason !== 'insufficient_scope') return basicScopes(policy.scopes);
  const held = policy.scopes.declared.filter((scope) => caller.scopes?.has(scope) === true);
  return [...new Set([...held, ...needed])];
}

interface Asked {
  readonly presentedProof: boolean;
  readonly isOauth: boolean;
}

function errorOf(reason: ErrorCode, { presentedProof, isOauth }: Asked): readonly string[] {
  if (reason === 'insufficient_scope') return ['error="insufficient_scope"'];
  // Bearer for a token that is bound is a wrong use of the token: there is no proof that could be bad.
  if (reason === 'invalid_dpop_proof') return [`error="${presentedProof ? 'invalid_dpop_proof' : 'invalid_token'}"`];
  const isBadToken = BAD_TOKENS.has(reason) || (!isOauth && ENDED_SESSIONS.has(reason));
  return isBadToken ? ['error="invalid_token"'] : [];
}
