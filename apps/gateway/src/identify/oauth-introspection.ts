import { hash } from 'node:crypto';
import { type Clock, type Logger } from '@mcp-runtime/base';
import { z } from 'zod';
import { basicCredentials } from '../outbound/basic-credentials.ts';
import { fetchJson } from '../outbound/fetch-json.ts';
import { type ReadSecret, type SecretRef } from '../secrets.ts';
import { type OauthClaims, parseClaims } from './oauth-claims.ts';
import { type IssuerPlace, findIntrospection, introspectionAt } from './oauth-discovery.ts';

/** How tokens that are no JWT are asked about. */
export interface IntrospectionRules {
  readonly issuer: string;
  /** The issuer's metadata name it when undefined. */
  readonly url: string | undefined;
  readonly clientId: string;
  readonly secret: SecretRef;
  /** Of the policy: what an issuer said is asked again when the policy changed, as by a revocation. */
  readonly revision: string;
}

export interface Introspector {
  /** Never rejects. Audience and times of the claims are for the caller to compare. */
  claimsOf(token: string, rules: IntrospectionRules): Promise<OauthClaims | 'invalid' | 'unavailable'>;
}

interface IntrospectorPorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly readSecret: ReadSecret;
  /** Ends what is asked of issuers. */
  readonly signal: AbortSignal;
}

/** How long an issuer's word counts, and so how late a revocation at the issuer is seen. */
const ACTIVE_MS = 60_000;
const INACTIVE_MS = 10_000;
/** Of inactive tokens fewer are remembered: whoever makes tokens up must not push out those that hold. */
const MAX_ACTIVE = 10_000;
const MAX_INACTIVE = 1000;
const MAX_PLACES = 256;
const PLACE_MS = 10 * 60_000;
/** Made-up tokens must not become a flood at the issuer. */
const MAX_ASKING = 32;

const Answer = z.discriminatedUnion('active', [
  z.looseObject({ active: z.literal(true), iss: z.string().optional() }),
  z.object({ active: z.literal(false) }),
]);

interface Remembered {
  readonly claims: OauthClaims | 'invalid';
  readonly until: number;
}

/** Asks issuers about opaque tokens (RFC 7662), each once in a while. */
export function createIntrospector(ports: IntrospectorPorts): Introspector {
  const { clock, log } = ports;
  const active = new Map<string, Remembered>();
  const inactive = new Map<string, Remembered>();
  const places = new Map<string, { readonly place: IssuerPlace; readonly until: number }>();
  const asking = new Map<string, Promise<OauthClaims | 'invalid' | 'unavailable'>>();

  function remember(key: string, claims: OauthClaims | 'invalid'): void {
    const [known, max, ms] =
      claims === 'invalid' ? [inactive, MAX_INACTIVE, INACTIVE_MS] : [active, MAX_ACTIVE, ACTIVE_MS];
    if (known.size >= max) known.delete(known.keys().next().value ?? '');
    const end = claims === 'invalid' ? Number.POSITIVE_INFINITY : claims.exp * 1000;
    known.set(key, { claims, until: Math.min(clock() + ms, end) });
  }

  function recall(key: string): OauthClaims | 'invalid' | undefined {
    const known = active.get(key) ?? inactive.get(key);
    if (known === undefined || clock() < known.until) return known?.claims;
    active.delete(key);
    inactive.delete(key);
    return undefined;
  }

  async function placeOf({ issuer, url }: IntrospectionRules): Promise<IssuerPlace> {
    if (url !== undefined) return introspectionAt(url);
    const known = places.get(issuer);
    if (known !== undefined && clock() < known.until) return known.place;
    const place = await findIntrospection(issuer, ports.signal);
    if (places.size >= MAX_PLACES) places.clear();
    places.set(issuer, { place, until: clock() + PLACE_MS });
    return place;
  }

  async function askAndRemember(key: string, token: string, rules: IntrospectionRules) {
    try {
      const claims = await ask(token, rules, { ...ports, place: await placeOf(rules) });
      remember(key, claims);
      return claims;
    } catch (error) {
      const { issuer } = rules;
      if (!ports.signal.aborted) log.warn('an issuer cannot be asked about a token', { issuer, error: String(error) });
      return 'unavailable';
    } finally {
      asking.delete(key);
    }
  }

  return {
    claimsOf: async (token, rules) => {
      const key = hash('sha256', JSON.stringify([token, rules]), 'base64url');
      const known = recall(key) ?? asking.get(key);
      if (known !== undefined) return known;
      if (asking.size >= MAX_ASKING) return 'unavailable';
      const asked = askAndRemember(key, token, rules);
      asking.set(key, asked);
      return asked;
    },
  };
}

/** Rejects with what kept the issuer from telling. */
async function ask(
  token: string,
  { issuer, clientId, secret }: IntrospectionRules,
  { readSecret, clock, signal, place }: IntrospectorPorts & { readonly place: IssuerPlace },
): Promise<OauthClaims | 'invalid'> {
  const value = await readSecret(secret);
  if (value === undefined) throw new Error(`there is no secret \`${secret.name}/${secret.key}\``);
  const form = new URLSearchParams({ token, token_type_hint: 'access_token' });
  const headers = { authorization: basicCredentials(clientId, value.reveal()) };
  const answer = Answer.parse(await fetchJson(place.url, { reach: place.reach, signal, form, headers }));
  if (!answer.active || (answer.iss ?? issuer) !== issuer) return 'invalid';
  return parseClaims({ exp: (clock() + ACTIVE_MS) / 1000, ...answer }) ?? 'invalid';
}
