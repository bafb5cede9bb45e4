import { hash } from 'node:crypto';
import { type IncomingMessage } from 'node:http';
import { type Confirmation, type ErrorCode, HEADERS } from '@mcp-runtime/api';
import { type Clock } from '@mcp-runtime/base';
import { calculateJwkThumbprint, importJWK, jwtVerify } from 'jose';
import { z } from 'zod';
import { type Credential, headerText } from './credential.ts';
import { parseProofHeader } from './dpop-proof.ts';
import { peerThumbprint } from './peer-certificate.ts';
import { createReplayCache } from './replay-cache.ts';

/** A token that was verified, and what it is bound to. */
interface Presented {
  readonly request: IncomingMessage;
  readonly credential: Credential;
  readonly confirmation: Confirmation | undefined;
  /** URL of the endpoint, as clients call it. */
  readonly url: string;
}

interface Fault {
  readonly reason: ErrorCode;
  readonly message: string;
}

/** Whether the sender of a token may use it. */
export interface PossessionChecker {
  /** Undefined when it may: the token is bound to nothing, or what it is bound to was proved. */
  faultOf(presented: Presented): Promise<Fault | undefined>;
}

/** A proof is made for one request: how old it may be, and how far a client's clock may be ahead. */
const MAX_AGE_SECONDS = 60;
const SKEW_SECONDS = 30;
const REPLAYS = { keepMs: (MAX_AGE_SECONDS + SKEW_SECONDS) * 1000, maxIds: 200_000 };

const ProofClaims = z.object({
  jti: z.string().min(1).max(256),
  htm: z.string(),
  htu: z.string(),
  iat: z.number(),
  ath: z.string(),
});

/** Checks proofs of possession: DPoP (RFC 9449) and client certificates (RFC 8705). */
export function createPossessionChecker(clock: Clock): PossessionChecker {
  const replays = createReplayCache(clock, REPLAYS);

  async function proofFault(presented: Presented, jkt: string): Promise<Fault | undefined> {
    const proof = headerText(presented.request, HEADERS.dpop);
    if (presented.credential.scheme !== 'dpop') return badProof('the token is bound to a key: use the scheme `DPoP`');
    if (proof === '') return badProof('the token is bound to a key, and the request has no proof');
    const header = parseProofHeader(proof);
    if (header === undefined) return badProof('the proof is malformed');
    // No signature is worth checking by a key that the token does not name.
    if ((await thumbprintOf(header.jwk)) !== jkt) return badProof('the proof is of another key than the token');
    const claims = await verifiedClaims(proof, header, clock());
    if (claims === undefined) return badProof('the proof is not valid');
    const fault = mismatchOf(claims, presented) ?? ageFault(claims.iat, clock() / 1000);
    if (fault !== undefined) return badProof(fault);
    const entered = replays.enter(`${jkt} ${claims.jti}`);
    if (entered === 'full') return { reason: 'overloaded', message: 'too many proofs are remembered' };
    return entered === 'seen' ? badProof('the proof was used before') : undefined;
  }

  return {
    faultOf: async (presented) => {
      const { credential, confirmation, request } = presented;
      const certificate = confirmation?.['x5t#S256'];
      if (certificate !== undefined && peerThumbprint(request.socket) !== certificate) {
        return { reason: 'certificate_mismatch', message: 'the token is bound to another client certificate' };
      }
      if (confirmation?.jkt !== undefined) return proofFault(presented, confirmation.jkt);
      if (credential.scheme === 'bearer') return undefined;
      return { reason: 'invalid_token', message: 'the token is not bound to a key: use the scheme `Bearer`' };
    },
  };
}

function badProof(message: string): Fault {
  return { reason: 'invalid_dpop_proof', message };
}

/** Undefined for coordinates that are no key. */
function thumbprintOf(jwk: Parameters<typeof calculateJwkThumbprint>[0]): Promise<string | undefined> {
  return calculateJwkThumbprint(jwk).catch(() => undefined);
}

async function verifiedClaims(
  proof: string,
  { alg, jwk }: NonNullable<ReturnType<typeof parseProofHeader>>,
  nowMs: number,
): Promise<z.infer<typeof ProofClaims> | undefined> {
  try {
    const key = await importJWK(jwk, alg);
    const { payload } = await jwtVerify(proof, key, { algorithms: [alg], currentDate: new Date(nowMs) });
    return ProofClaims.safeParse(payload).data;
  } catch {
    return undefined;
  }
}

/** RFC 9449 §4.3, steps 8, 9 and 12. */
function mismatchOf(
  { htm, htu, ath }: z.infer<typeof ProofClaims>,
  { request, credential, url }: Presented,
): string | undefined {
  if (htm !== request.method) return 'the proof is for another method';
  if (targetOf(htu) !== targetOf(url)) return `the proof is for another URL than \`${url}\``;
  return ath === hash('sha256', credential.token, 'base64url') ? undefined : 'the proof is for another token';
}

/** Without query and fragment, and normalised (RFC 3986 §6.2). */
function targetOf(text: string): string | undefined {
  const url = URL.parse(text);
  return url === null ? undefined : `${url.protocol}//${url.username}@${url.host}${url.pathname}`;
}

function ageFault(iat: number, now: number): string | undefined {
  if (iat > now + SKEW_SECONDS) return 'the proof is from the future';
  return iat < now - MAX_AGE_SECONDS ? 'the proof is too old' : undefined;
}
