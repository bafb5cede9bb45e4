import { type IncomingMessage } from 'node:http';
import { ANONYMOUS, HEADERS, serverAudience } from '@mcp-runtime/api';
import { type Identity, type Policy } from '@mcp-runtime/policy';
import { authModeOf } from './auth-mode.ts';
import { type Caller, type Identified, NOBODY, PROBE, isReserved, refuse } from './caller.ts';
import { identifyByCertificate } from './certificate.ts';
import { type Credential, credentialOf, headerText } from './credential.ts';
import { type Hops } from './hops.ts';
import { identifyByOauth } from './oauth.ts';
import { type OauthVerifier } from './oauth-verifier.ts';
import { type PossessionChecker } from './possession.ts';
import { identifySession } from './session.ts';
import { type TokenVerifier } from './token-verifier.ts';

interface IdentifyPorts {
  readonly tokens: TokenVerifier;
  readonly hops: Hops;
  readonly oauth: OauthVerifier;
  readonly possession: PossessionChecker;
  /** The URL by which clients call this server. */
  readonly resource: string;
  readonly now: number;
}

/** Who calls. Fails closed: a credential that is there must hold, and headers count from declared hops only. */
export async function identify(request: IncomingMessage, policy: Policy, ports: IdentifyPorts): Promise<Identified> {
  const mode = authModeOf(policy);
  const identified = await byMode(mode, request, policy, ports);
  if (!identified.ok) return identified;
  if (isReserved(identified.caller.identity)) {
    return refuse('reserved_identity', `no credential may name \`${ANONYMOUS}\``);
  }
  return mode === 'none' ? { ok: true, caller: orAnonymous(identified.caller) } : identified;
}

/** Where nobody need prove anything, who says nothing is somebody that a grant can name. */
function orAnonymous(caller: Caller): Caller {
  const { human, agent, team } = caller.identity;
  const isNobody = caller.source !== 'probe' && human === '' && agent === '' && team === '';
  return isNobody ? { ...caller, identity: { ...caller.identity, human: ANONYMOUS } } : caller;
}

async function byMode(
  mode: string,
  request: IncomingMessage,
  policy: Policy,
  ports: IdentifyPorts,
): Promise<Identified> {
  const auth = policy.document.auth ?? {};
  const credential = credentialOf(request, auth.token_header ?? HEADERS.authorization);
  if (mode === 'oauth') {
    const authorization = credentialOf(request, HEADERS.authorization);
    const sessionName = headerText(request, identityHeaders(policy).session);
    return identifyByOauth({ request, credential, authorization, sessionName }, policy, ports);
  }
  if (mode === 'mtls') return byCertificate(request, policy, ports);
  if (credential !== undefined) return byToken(request, credential, policy, ports);
  if (mode === 'token') return refuse('missing_bearer_token', 'the server asks for a session token');
  return byHeaders(request, policy, ports);
}

/** The runtime's own readiness check has a token instead. */
async function byCertificate(request: IncomingMessage, policy: Policy, ports: IdentifyPorts): Promise<Identified> {
  const { hops, now } = ports;
  const credential = credentialOf(request, HEADERS.authorization);
  if (credential !== undefined) {
    const identified = await byToken(request, credential, policy, ports);
    if (identified.caller.source === 'probe') return identified;
    return refuse('invalid_token', 'the server takes client certificates, and no token');
  }
  return identifyByCertificate(request, policy, { peer: hops.peer(request.socket, now), proxy: hops.proxy, now });
}

async function byToken(
  request: IncomingMessage,
  credential: Credential,
  policy: Policy,
  { tokens, possession, resource, now }: IdentifyPorts,
): Promise<Identified> {
  const { token } = credential;
  const claims = await tokens.verify(token, serverAudience(policy.server.namespace, policy.server.name));
  if (claims === 'unavailable') return refuse('token_keys_unavailable', 'the keys of session tokens cannot be read');
  if (claims === 'invalid') return refuse('invalid_token', 'the token is not valid for this server');
  if (claims.use === 'probe') return { ok: true, caller: PROBE };
  const { confirmation } = claims;
  const fault = await possession.faultOf({ request, credential, confirmation, url: resource });
  if (fault !== undefined) return refuse(fault.reason, fault.message);
  const identified = identifySession(claims, { policy, now, by: 'token' });
  if (!identified.ok) tokens.forget(token);
  return identified;
}

function byHeaders(request: IncomingMessage, policy: Policy, { hops, now }: IdentifyPorts): Identified {
  const names = identityHeaders(policy);
  const given = Object.values(names).filter((name) => request.headers[name.toLowerCase()] !== undefined);
  if (given.length === 0) return { ok: true, caller: NOBODY };
  if (!hops.mayVouch(request.socket, now)) {
    return refuse(
      'untrusted_identity_headers',
      'identity headers count only from a hop that is declared to the gateway; use a session token',
    );
  }
  const repeated = given.some((name) => (request.headersDistinct[name.toLowerCase()]?.length ?? 0) > 1);
  if (repeated) return refuse('untrusted_identity_headers', 'an identity header is there twice');
  const value = (name: string): string => headerText(request, name);
  const identity: Identity = {
    human: value(names.human),
    agent: value(names.agent),
    team: value(names.team),
    session: value(names.session),
  };
  return { ok: true, caller: { identity, source: 'header', session: undefined } };
}

function identityHeaders(policy: Policy): Readonly<Record<Exclude<keyof Identity, 'sessionNamespace'>, string>> {
  const auth = policy.document.auth ?? {};
  return {
    human: auth.human_id_header ?? HEADERS.humanId,
    agent: auth.agent_id_header ?? HEADERS.agentId,
    team: auth.team_id_header ?? HEADERS.teamId,
    session: auth.session_id_header ?? HEADERS.agentSession,
  };
}
