import { type IncomingMessage } from 'node:http';
import { isSessionTokenIssuer, serverAudience } from '@mcp-runtime/api';
import { type Policy } from '@mcp-runtime/policy';
import { decodeJwt } from 'jose';
import { secretRefOf } from '../secrets.ts';
import { type Caller, type Identified, NOBODY, PROBE, refuse } from './caller.ts';
import { identityOfClaims } from './claim-identity.ts';
import { type Credential } from './credential.ts';
import { type IntrospectionRules } from './oauth-introspection.ts';
import { type OauthVerifier } from './oauth-verifier.ts';
import { type PossessionChecker } from './possession.ts';
import { type TokenVerifier } from './token-verifier.ts';

/** What a request to a server in mode `oauth` carries; identity headers are not among it. */
export interface OauthCredentials {
  readonly request: IncomingMessage;
  /** Of the header that the policy names. */
  readonly credential: Credential | undefined;
  /** Of `Authorization`, where the runtime's own readiness check puts its token. */
  readonly authorization: Credential | undefined;
  /** The session that the caller says it is in; policy finds out whether it is the caller's. */
  readonly sessionName: string;
}

interface OauthPorts {
  readonly oauth: OauthVerifier;
  readonly tokens: TokenVerifier;
  readonly possession: PossessionChecker;
  /** The endpoint's own URL: the audience where the policy names none. */
  readonly resource: string;
}

/** Who calls, by an access token of the issuer that the policy names (OAuth 2.1 §5, RFC 9068). */
export async function identifyByOauth(
  { request, credential, authorization, sessionName }: OauthCredentials,
  policy: Policy,
  { oauth, tokens, possession, resource }: OauthPorts,
): Promise<Identified> {
  const issuer = policy.document.auth?.issuer_url?.trim() ?? '';
  const nobody: Caller = { ...NOBODY, identity: { ...NOBODY.identity, session: sessionName } };
  if (issuer === '') return refuse('oauth_issuer_missing', 'the policy of this server names no issuer', nobody);
  const token = credential?.token;
  const own = [token, authorization?.token].find(isOfRuntime);
  if (own !== undefined) {
    const claims = await tokens.verify(own, serverAudience(policy.server.namespace, policy.server.name));
    if (typeof claims === 'object' && claims.use === 'probe') return { ok: true, caller: PROBE };
    return refuse('invalid_token', 'the server takes access tokens of its issuer', nobody);
  }
  if (credential === undefined)
    return refuse('missing_bearer_token', 'the server asks for an OAuth access token', nobody);
  const audience = firstNonBlank(policy.document.auth?.audience?.trim(), resource);
  const introspection = introspectionOf(policy, issuer);
  const verified = await oauth.verify(credential.token, { issuer, audience, introspection });
  if (verified.kind === 'unavailable') {
    return refuse('oauth_provider_unavailable', 'the issuer cannot be asked', nobody);
  }
  if (verified.kind === 'invalid') return refuse('invalid_token', 'the token is not valid for this server', nobody);
  const confirmation = verified.claims.cnf;
  const fault = await possession.faultOf({ request, credential, confirmation, url: resource });
  if (fault !== undefined) return refuse(fault.reason, fault.message, nobody);
  const { payload, scopes } = verified.claims;
  const named = identityOfClaims(payload, policy.document.auth?.claims);
  if (named === undefined) return refuse('invalid_token', 'the token does not name the caller as it should', nobody);
  const identity = { ...named, session: firstNonBlank(named.session, sessionName) };
  return { ok: true, caller: { identity, source: 'token', session: undefined, scopes } };
}

function introspectionOf({ document, revision, server }: Policy, issuer: string): IntrospectionRules | undefined {
  const { url, client_id, client_secret_ref } = document.auth?.introspection ?? {};
  if (client_id === undefined || client_secret_ref === undefined) return undefined;
  return { issuer, url, clientId: client_id, secret: secretRefOf(server.namespace, client_secret_ref), revision };
}

/** Reads without believing: it only chooses who is asked whether the token holds. */
function isOfRuntime(token: string | undefined): token is string {
  if (token === undefined) return false;
  try {
    return isSessionTokenIssuer(decodeJwt(token).iss ?? '');
  } catch {
    return false;
  }
}

function firstNonBlank(...texts: readonly (string | undefined)[]): string {
  return texts.find((text) => text !== undefined && text.trim() !== '') ?? '';
}
