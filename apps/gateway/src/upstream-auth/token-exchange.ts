import { hash } from 'node:crypto';
import { type PolicyDocumentUpstreamAuth } from '@mcp-runtime/api';
import { type Clock, Secret, isLoopbackAddress } from '@mcp-runtime/base';
import { z } from 'zod';
import { basicCredentials } from '../outbound/basic-credentials.ts';
import { fetchJson } from '../outbound/fetch-json.ts';
import { type ConnectRules } from '../upstream/connection.ts';

/** What a token is asked with. */
export interface ExchangeRequest {
  readonly auth: PolicyDocumentUpstreamAuth;
  readonly clientSecret: Secret;
  /** What the caller brought; the gateway's own readiness check brings nothing, and gets a token of the client itself. */
  readonly subject: SubjectToken | undefined;
  /** Whom the token is for, and for which server: a token of one never serves another. */
  readonly owner: string;
}

export interface SubjectToken {
  readonly token: string;
  readonly type: 'access_token' | 'jwt';
}

export interface TokenExchange {
  /** Rejects with what kept the token endpoint from answering with a token. */
  tokenFor(request: ExchangeRequest): Promise<ExchangedToken>;
}

export interface ExchangedToken {
  readonly token: Secret;
  /** The server did not take it: it is not presented again. */
  readonly forget: () => void;
}

interface ExchangePorts {
  readonly clock: Clock;
  /** Where token endpoints may be. */
  readonly connect: ConnectRules;
  readonly signal: AbortSignal;
}

const URN = 'urn:ietf:params:oauth';
const MAX_REMEMBERED = 10_000;
const MAX_ASKING = 256;
/** A token must last for the call that it is used for. */
const MARGIN_MS = 30_000;
const MAX_LIFE_SECONDS = 3600;

const Answer = z.object({
  access_token: z
    .string()
    .min(1)
    .max(16_384)
    .regex(/^[\u0021-\u007e]+$/),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.number().positive().optional(),
});

/** Exchanges tokens (RFC 8693), each kept for whom it was made until it ends. One without a stated life is used once. */
export function createTokenExchange({ clock, connect, signal }: ExchangePorts): TokenExchange {
  const known = new Map<string, { readonly token: Secret; readonly until: number }>();
  const asking = new Map<string, Promise<Secret>>();

  async function exchange(key: string, request: ExchangeRequest): Promise<Secret> {
    try {
      const url = endpointOf(request.auth.token_url ?? '');
      const headers = { authorization: basicCredentials(request.auth.client_id ?? '', request.clientSecret.reveal()) };
      const answer = Answer.parse(await fetchJson(url, { ...connect, signal, form: formOf(request), headers }));
      const token = new Secret(answer.access_token);
      const until = clock() + Math.min(answer.expires_in ?? 0, MAX_LIFE_SECONDS) * 1000 - MARGIN_MS;
      if (until > clock()) remember(key, { token, until });
      return token;
    } finally {
      asking.delete(key);
    }
  }

  function remember(key: string, entry: { readonly token: Secret; readonly until: number }): void {
    if (known.size >= MAX_REMEMBERED) known.delete(known.keys().next().value ?? '');
    known.set(key, entry);
  }

  function find(key: string, request: ExchangeRequest): Promise<Secret> {
    const found = known.get(key);
    if (found !== undefined && clock() < found.until) return Promise.resolve(found.token);
    known.delete(key);
    const underway = asking.get(key);
    if (underway !== undefined) return underway;
    if (asking.size >= MAX_ASKING) return Promise.reject(new Error('too many tokens are being exchanged'));
    const asked = exchange(key, request);
    asking.set(key, asked);
    return asked;
  }

  return {
    tokenFor: async (request) => {
      const { auth, owner, subject, clientSecret } = request;
      const parts = [owner, auth, subject?.type, subject?.token, clientSecret.reveal()];
      const key = hash('sha256', JSON.stringify(parts), 'base64url');
      return { token: await find(key, request), forget: () => void known.delete(key) };
    },
  };
}

/** A client secret goes to nobody in the clear. */
function endpointOf(text: string): URL {
  const url = new URL(text);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackAddress(url.hostname))) return url;
  throw new Error(`\`${text}\` is not an https URL`);
}

/** RFC 8693 §2.1; RFC 6749 §4.4.2 for the client itself. */
function formOf({ auth, subject }: ExchangeRequest): URLSearchParams {
  const { audience, resource, scopes = [] } = auth;
  const grant =
    subject === undefined
      ? { grant_type: 'client_credentials' }
      : {
          grant_type: `${URN}:grant-type:token-exchange`,
          subject_token: subject.token,
          subject_token_type: `${URN}:token-type:${subject.type}`,
          requested_token_type: `${URN}:token-type:access_token`,
        };
  return new URLSearchParams({
    ...grant,
    ...(audience === undefined ? {} : { audience }),
    ...(resource === undefined ? {} : { resource }),
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
  });
}
