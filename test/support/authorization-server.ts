import { type KeyObject, createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { listenOn } from '../../packages/base/src/index.ts';

/** An OAuth authorization server that approves whatever Alice asks for. */
export interface AuthorizationServer extends AsyncDisposable {
  readonly url: string;
  /** What was asked for at each visit of the authorization page. */
  readonly visits: readonly { readonly scope: string; readonly resource: string }[];
  /** Alice's browser: opens the page and tells with which URL it comes back. */
  approve(page: URL): Promise<URL>;
}

interface Grant {
  readonly challenge: string;
  readonly scope: string;
  readonly resource: string;
  readonly clientId: string;
}

const LIFE_SECONDS = 600;
const KEY_ID = 'k1';

/** With the metadata, registration, PKCE (S256 only) and DPoP that MCP clients use (RFC 8414, 7591, 7636, 9449). */
export async function startAuthorizationServer(): Promise<AuthorizationServer> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const grants = new Map<string, Grant>();
  const visits: { scope: string; resource: string }[] = [];
  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  const port = await listenOn(server);
  const url = `http://127.0.0.1:${port}`;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', url);
    switch (pathname) {
      case '/.well-known/oauth-authorization-server':
        return send(response, 200, metadataOf(url));
      case '/keys':
        return send(response, 200, { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: KEY_ID, use: 'sig' }] });
      case '/register':
        return send(response, 201, { ...JSON.parse(await text(request)), client_id: 'client-of-alice' });
      case '/authorize':
        return redirect(response, searchParams);
      case '/token':
        return exchange(new URLSearchParams(await text(request)), request.headers['dpop'], response);
      default:
        return send(response, 404, {});
    }
  }

  function redirect(response: ServerResponse, asked: URLSearchParams): void {
    const value = (name: string): string => asked.get(name) ?? '';
    const code = randomUUID();
    const { scope, resource } = { scope: value('scope'), resource: value('resource') };
    visits.push({ scope, resource });
    grants.set(code, { challenge: value('code_challenge'), scope, resource, clientId: value('client_id') });
    const back = new URL(value('redirect_uri'));
    for (const [name, one] of Object.entries({ code, state: value('state'), iss: url }))
      back.searchParams.set(name, one);
    response.writeHead(302, { location: back.href }).end();
  }

  function exchange(asked: URLSearchParams, proof: string | string[] | undefined, response: ServerResponse): void {
    const code = asked.get('code') ?? '';
    const grant = grants.get(code);
    grants.delete(code);
    if (grant === undefined || grant.challenge !== sha256(asked.get('code_verifier') ?? '')) {
      return send(response, 400, { error: 'invalid_grant' });
    }
    const jkt = typeof proof === 'string' ? thumbprintIn(proof) : undefined;
    const now = Math.floor(Date.now() / 1000);
    const { scope, resource: aud, clientId } = grant;
    const said = { iss: url, aud, sub: 'alice', client_id: clientId, scope, iat: now, exp: now + LIFE_SECONDS };
    const token = jwt({ ...said, ...(jkt === undefined ? {} : { cnf: { jkt } }) }, privateKey);
    const type = jkt === undefined ? 'Bearer' : 'DPoP';
    send(response, 200, { access_token: token, token_type: type, expires_in: LIFE_SECONDS, scope });
  }

  return {
    url,
    visits,
    approve: async (page) => {
      const answered = await fetch(page, { redirect: 'manual' });
      return new URL(answered.headers.get('location') ?? '');
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function metadataOf(url: string): object {
  return {
    issuer: url,
    jwks_uri: `${url}/keys`,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    registration_endpoint: `${url}/register`,
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
    authorization_response_iss_parameter_supported: true,
    dpop_signing_alg_values_supported: ['ES256'],
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

const ProofHeader = z.object({
  jwk: z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string() }),
});

/** RFC 7638 §3: required members, in the order of their names. */
function thumbprintIn(proof: string): string {
  const header: unknown = JSON.parse(Buffer.from(proof.split('.')[0] ?? '', 'base64url').toString());
  const { kty, crv, x, y } = ProofHeader.parse(header).jwk;
  return sha256(JSON.stringify({ crv, kty, x, y }));
}

function jwt(claims: object, key: KeyObject): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg: 'ES256', kid: KEY_ID, typ: 'at+jwt' })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

function sha256(value: string): string {
  return createHash('sha256').update(value).digest('base64url');
}
