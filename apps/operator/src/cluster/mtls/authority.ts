import { X509Certificate, createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { type Authority, issueAuthority } from '../webhook/certificate/certificate.ts';
import { SKEW_MS, isDue, isOver } from '../webhook/certificate/rotation.ts';

/** A certificate of an authority with its key, both PEM. */
interface Signer {
  readonly certificate: string;
  readonly key: string;
}

/** The authority of an installation. */
export interface AuthorityMaterial {
  /** Signs. */
  readonly current: Signer;
  /** Is trusted already and signs once everybody has had time to hear of it. */
  readonly next?: Signer;
  /** PEM, one each: all that are trusted, those that signed before included until they end. */
  readonly trusted: readonly string[];
  /** What the keys of gateways follow from: 32 bytes, base64url. */
  readonly seed: string;
}

export interface AuthorityRules {
  readonly lifeMs: number;
  /** How long an authority is trusted before it signs. */
  readonly settleMs: number;
}

const DAY = 24 * 3_600_000;
const SEED_BYTES = 32;

export const AUTHORITY_RULES: AuthorityRules = { lifeMs: 1095 * DAY, settleMs: 3 * DAY };

export function firstAuthority({ lifeMs }: AuthorityRules, now: number): AuthorityMaterial {
  const current = newSigner(lifeMs, now);
  return { current, trusted: [current.certificate], seed: randomBytes(SEED_BYTES).toString('base64url') };
}

/**
 * What is next, or undefined while all is well. Pure but for new keys. `asked`: a new authority is wanted before the present
 * one is in the last third of its life.
 */
export function advanced(
  material: AuthorityMaterial,
  rules: AuthorityRules,
  now: number,
  asked: 'asked' | 'unasked',
): AuthorityMaterial | undefined {
  const { current, next } = material;
  const { seed } = material;
  const trusted = material.trusted.filter((pem) => !isOver(new X509Certificate(pem), now));
  if (next !== undefined && (hasSettled(next, rules, now) || isOver(new X509Certificate(current.certificate), now)))
    return { current: next, trusted, seed };
  const signer = new X509Certificate(current.certificate);
  if (next === undefined && (asked === 'asked' || isDue(signer, now))) {
    const made = newSigner(rules.lifeMs, now);
    const all = [...trusted, made.certificate];
    // Nobody trusts what has ended: there is nothing to wait for.
    return isOver(signer, now) ? { current: made, trusted: all, seed } : { current, next: made, trusted: all, seed };
  }
  return trusted.length === material.trusted.length ? undefined : { ...material, trusted };
}

/** Fit to sign. @throws when certificate and key are not those of one authority. */
export function signerOf({ certificate, key }: Signer): Authority {
  const { subject, publicKey } = new X509Certificate(certificate);
  const privateKey = createPrivateKey(key);
  if (!createPublicKey(privateKey).equals(publicKey)) throw new TypeError('the key is not that of the certificate');
  return { name: subject.replace(/^CN=/, ''), key: privateKey, publicKey };
}

function newSigner(lifeMs: number, now: number): Signer {
  const name = `mcp-runtime ${randomBytes(4).toString('hex')}`;
  return issueAuthority(name, { notBefore: now - SKEW_MS, notAfter: now + lifeMs });
}

function hasSettled({ certificate }: Signer, { settleMs }: AuthorityRules, now: number): boolean {
  return now - (new X509Certificate(certificate).validFromDate.getTime() + SKEW_MS) >= settleMs;
}
