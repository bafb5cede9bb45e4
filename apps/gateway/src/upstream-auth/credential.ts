import { AppError, HEADERS, type PolicyDocumentUpstreamAuth, isCredentialHeader } from '@mcp-runtime/api';
import { type Logger, type Secret } from '@mcp-runtime/base';
import { type Policy, sessionOfCaller } from '@mcp-runtime/policy';
import { type Exchange } from '../exchange.ts';
import { authModeOf } from '../identify/auth-mode.ts';
import { credentialOf } from '../identify/credential.ts';
import { type ReadSecret, secretRefOf } from '../secrets.ts';
import { type SubjectToken, type TokenExchange } from './token-exchange.ts';

/** What goes to a server beside the caller's message: one header, and to that server alone. */
export interface UpstreamCredential {
  /** In lower case. */
  readonly header: string;
  readonly value: string;
  /** To be called when the server does not take it. */
  readonly refused: () => void;
}

export interface CredentialPorts {
  readonly readSecret: ReadSecret;
  readonly tokens: TokenExchange;
  readonly log: Logger;
}

/** Whether the server, or the caller's session, says that there is one. */
export function hasUpstreamCredential(exchange: Exchange): boolean {
  const { policy } = exchange;
  return (
    policy !== undefined && (policy.document.upstream_auth !== undefined || sessionRef(exchange, policy) !== undefined)
  );
}

/**
 * The credential for this exchange. Rejects with `upstream_credential_unavailable` when it cannot be had: a call is never
 * sent without the one that was declared, and never with the caller's own.
 */
export async function upstreamCredential(exchange: Exchange, ports: CredentialPorts): Promise<UpstreamCredential> {
  try {
    return await find(exchange, ports);
  } catch (cause) {
    const { namespace, name } = exchange.route.key;
    ports.log.warn('a credential for a server cannot be had', { server: `${namespace}/${name}`, error: String(cause) });
    throw new AppError('upstream_credential_unavailable', 'the credential for the MCP server cannot be obtained', {
      cause,
    });
  }
}

const NOTHING_TO_FORGET = (): void => {};

async function find(exchange: Exchange, ports: CredentialPorts): Promise<UpstreamCredential> {
  const { policy, route } = exchange;
  if (policy === undefined) throw new TypeError('there is no policy');
  const ofSession = sessionRef(exchange, policy);
  if (ofSession !== undefined) {
    const header = policy.document.session?.upstream_token_header ?? HEADERS.authorization;
    return credential(header, await secret(ofSession.namespace, ofSession.ref, ports), NOTHING_TO_FORGET);
  }
  const { upstream_auth: auth = {} } = policy.document;
  const header = auth.header ?? HEADERS.authorization;
  if (auth.secret_ref !== undefined && auth.secret_ref !== '') {
    return credential(header, await secret(route.key.namespace, auth.secret_ref, ports), NOTHING_TO_FORGET);
  }
  const { token, forget } = await exchanged(exchange, policy, auth, ports);
  return credential(header, token, forget);
}

async function exchanged(
  exchange: Exchange,
  policy: Policy,
  auth: PolicyDocumentUpstreamAuth,
  ports: CredentialPorts,
): ReturnType<TokenExchange['tokenFor']> {
  const { caller, route } = exchange;
  const subject = caller.source === 'probe' ? undefined : subjectToken(exchange, policy);
  const clientSecret = await secret(route.key.namespace, auth.client_secret_ref ?? '', ports);
  const owner = JSON.stringify([route.key.namespace, route.key.name, caller.source, caller.identity]);
  return ports.tokens.tokenFor({ auth, clientSecret, subject, owner });
}

/** The token by which the caller was identified: nobody's word but the caller's own is exchanged. */
function subjectToken({ request, caller }: Exchange, policy: Policy): SubjectToken {
  const given = credentialOf(request, policy.document.auth?.token_header ?? HEADERS.authorization);
  if (caller.source !== 'token' || given === undefined) throw new Error('the caller brought no token to exchange');
  return { token: given.token, type: authModeOf(policy) === 'oauth' ? 'access_token' : 'jwt' };
}

/** The token that belongs to the session that the caller is in. */
function sessionRef(
  { caller, now }: Exchange,
  policy: Policy,
): { readonly namespace: string; readonly ref: string } | undefined {
  if (policy.upstreamTokens.size === 0) return undefined;
  const session = caller.session ?? sessionOfCaller(policy, caller.identity, now);
  if (session === undefined) return undefined;
  const ref = policy.upstreamTokens.get(`${session.namespace}/${session.name}`);
  return ref === undefined ? undefined : { namespace: session.namespace, ref };
}

async function secret(namespace: string, ref: string, { readSecret }: CredentialPorts): Promise<Secret> {
  const found = await readSecret(secretRefOf(namespace, ref));
  if (found === undefined) throw new Error(`there is no secret \`${ref}\` in \`${namespace}\``);
  return found;
}

/** RFC 6750 §2.1: what is one word is a token, which needs its scheme in `Authorization`. */
function credential(header: string, value: Secret, refused: () => void): UpstreamCredential {
  if (!isCredentialHeader(header)) throw new Error(`\`${header}\` may not carry a credential`);
  const text = value.reveal();
  const isToken = header.toLowerCase() === 'authorization' && !text.includes(' ');
  return { header: header.toLowerCase(), value: isToken ? `Bearer ${text}` : text, refused };
}
